import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load, wire } from "./modules.mjs";

const { blankInk, bytesOf, fillCell, fillFrom, inkIn, isBlank, mark, past, radiusOf, shrunk } = await load("draw_pad_ink");
const { steered } = await load("draw_pad_hand");
const { refusalOf } = await load("draw_pad_files");
const { inWords, tableOf } = await load("draw_pad_views");
const { inkStore } = await load("draw_pad_store");

const at = (ink, row, column, channel = 0) => ink.data[(channel * ink.rows + row) * ink.columns + column];
const line = (ink, from, to, colour = [255], base = ink.data.slice()) => mark(ink, from, to, colour, base);

describe("a stroke", () => {
  test("is full inside its radius, empty outside, and soft for one pixel between", () => {
    const ink = blankInk(1, 40, 60);
    line(ink, { x: 15, y: 20, radius: 6 }, { x: 45, y: 20, radius: 6 });
    for (let row = 0; row < 40; row++) {
      for (let column = 0; column < 60; column++) {
        const [x, y] = [column + 0.5, row + 0.5];
        const distance = Math.hypot(x - Math.min(45, Math.max(15, x)), y - 20);
        if (distance <= 5.5) assert.equal(at(ink, row, column), 255);
        if (distance >= 6.5) assert.equal(at(ink, row, column), 0);
      }
    }
  });

  test("in many short parts is the same as in one, without beads where they overlap", () => {
    const [whole, parts] = [blankInk(1, 40, 60), blankInk(1, 40, 60)];
    line(whole, { x: 10, y: 20.3, radius: 4 }, { x: 50, y: 20.3, radius: 4 });
    const base = parts.data.slice();
    for (let x = 10; x < 50; x += 2) line(parts, { x, y: 20.3, radius: 4 }, { x: x + 2, y: 20.3, radius: 4 }, [255], base);
    assert.deepEqual(parts.data, whole.data);
  });

  test("of the eraser takes ink away and leaves the rest", () => {
    const ink = blankInk(1, 20, 20);
    ink.data.fill(255);
    line(ink, { x: 10, y: 10, radius: 3 }, { x: 10, y: 10, radius: 3 }, [0]);
    assert.equal(at(ink, 10, 10), 0);
    assert.equal(at(ink, 2, 2), 255);
  });

  test("has the colour of each channel", () => {
    const ink = blankInk(3, 20, 20);
    line(ink, { x: 10, y: 10, radius: 3 }, { x: 10, y: 10, radius: 3 }, [255, 128, 0]);
    assert.deepEqual([0, 1, 2].map((channel) => at(ink, 10, 10, channel)), [255, 128, 0]);
  });

  test("may leave the pad on any side", () => {
    const ink = blankInk(1, 10, 10);
    line(ink, { x: -500, y: 5, radius: 2 }, { x: 500, y: 5, radius: 2 });
    assert.equal(at(ink, 5, 0), 255);
    assert.equal(at(ink, 5, 9), 255);
    line(ink, { x: -50, y: -50, radius: 2 }, { x: -40, y: -60, radius: 2 });
    assert.equal(at(ink, 0, 0), 0);
  });

  test("is wider where a pen presses, and only there", () => {
    assert.equal(radiusOf(2, 10), 10);
    assert.equal(radiusOf(2, 10, { pointerType: "mouse", pressure: 0.5 }), 10);
    assert.equal(radiusOf(2, 10, { pointerType: "pen", pressure: 0 }), 10, "a pen without a sensor");
    assert.equal(radiusOf(2, 10, { pointerType: "pen", pressure: 0.5 }), 10);
    assert.ok(radiusOf(2, 10, { pointerType: "pen", pressure: 1 }) > radiusOf(2, 10, { pointerType: "pen", pressure: 0.2 }));
  });
});

describe("the cells", () => {
  test("are filled one by one, and say how much ink they hold", () => {
    const ink = blankInk(3, 20, 40);
    fillCell(ink, 1, 2, 10, [255, 255, 255]);
    for (let row = 0; row < 2; row++) {
      for (let column = 0; column < 4; column++) {
        assert.equal(inkIn(ink, row, column, 10), row === 1 && column === 2 ? 1 : 0);
      }
    }
    fillCell(ink, 1, 2, 10, [255, 0, 0]);
    assert.equal(inkIn(ink, 1, 2, 10), 1 / 3);
  });

  test("are reached by arrows and the keys for edges, never beyond", () => {
    const places = { ArrowUp: [0, 3], ArrowDown: [1, 3], ArrowLeft: [0, 2], ArrowRight: [0, 3], Home: [0, 0], End: [0, 3], PageUp: [0, 3], PageDown: [1, 3] };
    for (const [key, [row, column]] of Object.entries(places)) {
      assert.deepEqual(steered(key, { row: 0, column: 3 }, 2, 4), { row, column }, key);
    }
    assert.equal(steered("a", { row: 0, column: 0 }, 2, 4), null);
  });
});

describe("ink", () => {
  test("is sent smaller, as the mean of its pixels", () => {
    const ink = { channels: 2, rows: 2, columns: 4, data: new Uint8Array([0, 255, 10, 10, 255, 255, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8]) };
    assert.deepEqual([...shrunk(ink, 2)], [191, 10, 4, 6]);
    assert.deepEqual(shrunk(ink, 1), ink.data);
  });

  test("comes back from a smaller picture with hard pixels, and again the same when sent", () => {
    const ink = blankInk(1, 4, 6);
    fillFrom(ink, { shape: [1, 2, 3], data: new Uint8Array([1, 2, 3, 4, 5, 6]) });
    assert.deepEqual([...ink.data.subarray(0, 6)], [1, 1, 2, 2, 3, 3]);
    assert.deepEqual([...shrunk(ink, 2)], [1, 2, 3, 4, 5, 6]);
  });

  test("is blank until something is drawn", () => {
    const ink = blankInk(1, 4, 4);
    assert.ok(isBlank(ink));
    fillCell(ink, 0, 0, 1, [1]);
    assert.ok(!isBlank(ink));
  });

  test("has the bytes of the colour that was chosen", () => {
    assert.deepEqual(bytesOf("#ff8001"), [255, 128, 1]);
  });
});

describe("the past", () => {
  test("is undone and redone step by step, and a new stroke ends what could be redone", () => {
    const [data, before] = [new Uint8Array(1), past(10, 1)];
    const draw = (value) => {
      before.keep(data);
      data[0] = value;
    };
    assert.equal(before.undo(data), false);
    [1, 2, 3].forEach(draw);
    assert.ok(before.undo(data) && before.undo(data));
    assert.equal(data[0], 1);
    assert.ok(before.redo(data));
    assert.equal(data[0], 2);
    draw(9);
    assert.equal(before.redo(data), false);
    assert.ok(before.undo(data));
    assert.equal(data[0], 2);
    assert.deepEqual([before.undos(), before.redos()], [2, 1]);
  });

  test("keeps a limited number of steps, the newest", () => {
    const [data, before] = [new Uint8Array(1), past(3, 1)];
    for (let value = 1; value <= 5; value++) {
      before.keep(data);
      data[0] = value;
    }
    let steps = 0;
    while (before.undo(data)) steps++;
    assert.deepEqual([steps, data[0]], [3, 2]);
  });

  test("keeps fewer steps of large ink, yet always some", () => {
    const kept = (size) => {
      const before = past(40, size);
      for (let i = 0; i < 50; i++) before.keep(new Uint8Array(1));
      return before.undos();
    };
    assert.deepEqual([kept(280 * 280), kept(3 * 512 * 512), kept(1e9)], [40, 20, 4]);
  });
});

describe("the way to the kernel", () => {
  const modelOf = (origin = "drawing") => {
    const values = { ink: wire([1, 4, 4], new Uint8Array(16)), origin };
    const [listeners, saves, sent] = [{}, [], []];
    return {
      saves,
      sent,
      tell: (name, value) => {
        values[name] = value;
        for (const listener of listeners[`change:${name}`] ?? []) listener();
      },
      listening: () => Object.values(listeners).flat().length,
      get: (name) => values[name],
      set: (name, value) => (values[name] = value),
      save_changes: () => saves.push(values.ink),
      send: (content) => sent.push(content.do),
      on: (name, fn) => (listeners[name] ??= []).push(fn),
      off: (name, fn) => (listeners[name] = listeners[name].filter((each) => each !== fn)),
    };
  };

  test("is the ink at half the size, each time a buffer of its own", () => {
    const model = modelOf();
    const store = inkStore(model, new AbortController().signal);
    assert.deepEqual([store.ink.rows, store.ink.columns], [8, 8]);
    store.keep();
    fillCell(store.ink, 0, 0, 2, [200]);
    store.send();
    fillCell(store.ink, 1, 1, 2, [200]);
    store.send();
    const [first, last] = model.saves.map(({ data }) => [...new Uint8Array(data.buffer)]);
    assert.deepEqual([first[0], first[5], last[0], last[5]], [200, 0, 200, 200]);
    assert.deepEqual(model.sent, ["draw"], "once a stroke");
  });

  test("asks with each stroke to be looked at, and again when something else came between", () => {
    const model = modelOf("elsewhere");
    const store = inkStore(model, new AbortController().signal);
    store.keep();
    assert.ok(!store.isShown());
    store.send();
    assert.ok(store.isShown(), "before the kernel has answered");
    store.send();
    assert.deepEqual(model.sent, ["draw"]);
    model.tell("origin", "drawing");
    store.keep();
    store.send();
    assert.deepEqual(model.sent, ["draw", "draw"], "what origin says can be old");
    model.tell("origin", "elsewhere");
    store.send();
    assert.deepEqual(model.sent, ["draw", "draw", "draw"]);
  });

  test("takes ink that the kernel sends, which can be undone, and not its own back", () => {
    const model = modelOf();
    const store = inkStore(model, new AbortController().signal);
    store.send();
    model.tell("ink", model.get("ink"));
    assert.equal(store.undos(), 0);
    model.tell("ink", wire([1, 4, 4], new Uint8Array(16).fill(7)));
    assert.ok(store.ink.data.every((value) => value === 7));
    assert.ok(!store.isBlank());
    assert.ok(store.undo());
    assert.ok(store.isBlank());
  });

  test("can be cleared, which can be undone", () => {
    const store = inkStore(modelOf(), new AbortController().signal);
    store.keep();
    fillCell(store.ink, 0, 0, 2, [255]);
    store.send();
    store.clear();
    assert.ok(store.isBlank());
    store.undo();
    assert.equal(inkIn(store.ink, 0, 0, 2), 1);
  });

  test("ends with its signal", () => {
    const [model, controller] = [modelOf(), new AbortController()];
    inkStore(model, controller.signal);
    assert.equal(model.listening(), 3);
    controller.abort();
    assert.equal(model.listening(), 0);
  });
});

describe("the words", () => {
  const facts = { origin: "elsewhere", blank: true, centre: true, index: 7, source: "MNIST test", alone: false };

  test("say what the network sees, and that a drawing waits", () => {
    assert.match(inWords(facts), /image 7 of MNIST test/);
    assert.match(inWords({ ...facts, blank: false }), /waits/);
    assert.match(inWords({ ...facts, index: null }), /another image/);
    assert.match(inWords({ ...facts, alone: true }), /^An empty pad\. Draw/);
    assert.match(inWords({ ...facts, origin: "drawing" }), /empty/);
    assert.match(inWords({ ...facts, origin: "drawing", blank: false }), /centred as MNIST/);
    assert.doesNotMatch(inWords({ ...facts, origin: "drawing", blank: false, centre: false }), /centred/);
    assert.match(inWords({ ...facts, origin: "upload" }), /picture you gave/);
  });

  test("refuse a file that is too large or empty, by name and size", () => {
    assert.equal(refusalOf({ name: "a.png", size: 10_000_000 }), "");
    assert.match(refusalOf({ name: "a.png", size: 10_000_001 }), /^a\.png has 10\.1 MB, and may have 10 MB/);
    assert.match(refusalOf({ name: "a.png", size: 0 }), /a\.png is empty/);
    assert.match(refusalOf({ name: "", size: 2e7 }), /^the picture has 20\.0 MB/);
  });

  test("have every value in the table, by channel, row and column", () => {
    const grey = tableOf({ shape: [1, 2, 3], data: new Uint8Array([1, 2, 3, 4, 5, 6]) });
    assert.deepEqual(grey.columns, ["row \\ column", "0", "1", "2"]);
    assert.deepEqual(grey.rows, [{ name: "0", cells: ["1", "2", "3"] }, { name: "1", cells: ["4", "5", "6"] }]);
    const names = tableOf({ shape: [3, 1, 1], data: new Uint8Array([7, 8, 9]) }).rows.map(({ name, cells }) => `${name}: ${cells}`);
    assert.deepEqual(names, ["red 0: 7", "green 0: 8", "blue 0: 9"]);
    assert.deepEqual(tableOf(null).rows, []);
  });
});
