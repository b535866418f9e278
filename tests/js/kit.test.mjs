import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load, wire } from "./modules.mjs";

const { count, follow, number, put, read, stateOf, times } = await load("kit");

describe("an array that travelled", () => {
  test("is read with its shape and type", () => {
    for (const numbers of [new Float32Array([1.5, -2, 3, 4, 5, 6]), new Uint8Array([0, 255, 1, 2, 3, 4])]) {
      const array = read(wire([1, 2, 3], numbers));
      assert.deepEqual(array.shape, [1, 2, 3]);
      assert.deepEqual(array.data, numbers);
    }
  });

  test("keeps unsigned numbers above 2³¹", () => {
    assert.deepEqual([...read(wire([2], new Uint32Array([4294967295, 7]))).data], [4294967295, 7]);
  });

  test("is read from the middle of a buffer without what surrounds it", () => {
    const whole = new Float32Array([9, 9, 1, 2, 3, 9]);
    const array = read(wire([3], whole.subarray(2, 5)));
    assert.deepEqual([...array.data], [1, 2, 3]);
    assert.equal(array.data.buffer, whole.buffer, "aligned data is not copied");
  });

  test("is read where it starts at any byte", () => {
    const values = new Float32Array([0.1, -1e30, 42]);
    for (let offset = 0; offset < 8; offset++) {
      const bytes = new Uint8Array(offset + 12 + 5).fill(0xff);
      bytes.set(new Uint8Array(values.buffer), offset);
      const data = new DataView(bytes.buffer, offset, 12);
      assert.deepEqual(read({ shape: [3], dtype: "float32", data }).data, values, `offset ${offset}`);
    }
  });

  test("is decoded once", () => {
    const one = wire([2], new Float32Array([1, 2]));
    assert.equal(read(one), read(one));
    assert.notEqual(read(one), read({ ...one }));
  });

  test("may be empty or missing", () => {
    assert.equal(read(null), null);
    assert.equal(read(undefined), null);
    assert.equal(read(wire([0], new Float32Array(0))).data.length, 0);
  });
});

describe("a number for reading", () => {
  const cases = [
    [0, "0"],
    [-0, "0"],
    [1, "1"],
    [-1, "−1"],
    [0.1 + 0.2, "0.3"],
    [Math.PI, "3.1416"],
    [-Math.PI, "−3.1416"],
    [123456.7, "123460"],
    [9999999, "10000000"],
    [1e7, "1.0000e+7"],
    [-2.5e20, "−2.5000e+20"],
    [1e-4, "0.0001"],
    [0.000099999, "9.9999e−5"],
    [-1e-45, "−1.0000e−45"],
    [3.4028234663852886e38, "3.4028e+38"],
    [NaN, "NaN"],
    [Infinity, "∞"],
    [-Infinity, "−∞"],
  ];
  for (const [value, text] of cases) {
    test(`${Object.is(value, -0) ? "−0" : value} is ${text}`, () => assert.equal(number(value), text));
  }

  test("has as many digits as asked for", () => {
    assert.equal(number(2 / 3, 2), "0.67");
    assert.equal(number(-12.345, 3), "−12.3");
  });

  test("is never more than half of its last digit wrong, and has no ASCII minus", () => {
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (let i = 0; i < 5000; i++) {
      const value = (random() - 0.5) * 10 ** (24 * random() - 12);
      const text = number(value);
      assert.ok(!text.includes("-"), text);
      const back = Number(text.replaceAll("−", "-"));
      assert.ok(Math.abs(back - value) <= Math.abs(value) * 0.5001e-4, `${value} as ${text}`);
    }
  });
});

test("a count has its thousands apart, a shape its crosses", () => {
  assert.equal(count(0), "0");
  assert.equal(count(11274), "11,274");
  assert.equal(times([16, 14, 14]), "16×14×14");
  assert.equal(times([10]), "10");
});

class FakeModel {
  constructor(values) {
    this.values = values;
    this.listeners = [];
    this.saved = [];
  }
  get(name) {
    return this.values[name];
  }
  set(name, value) {
    this.values[name] = value;
    for (const [event, fn] of [...this.listeners]) if (event === `change:${name}`) fn();
  }
  save_changes() {
    this.saved.push({ ...this.values });
  }
  on(event, fn) {
    this.listeners.push([event, fn]);
  }
  off(event, fn) {
    this.listeners = this.listeners.filter(([e, f]) => e !== event || f !== fn);
  }
}

/** Animation frames by hand. */
function frames() {
  let queue = new Map();
  let last = 0;
  globalThis.requestAnimationFrame = (fn) => (queue.set(++last, fn), last);
  globalThis.cancelAnimationFrame = (id) => queue.delete(id);
  return () => {
    const now = queue;
    queue = new Map();
    for (const fn of now.values()) fn();
  };
}

describe("a view that follows its models", () => {
  test("paints at once, and then once a frame however much changed", () => {
    const frame = frames();
    const model = new FakeModel({ a: 1, b: 1 });
    let painted = 0;
    follow([model, model], ["a", "b"], () => painted++, new AbortController().signal);
    assert.equal(painted, 1);
    for (let i = 0; i < 5; i++) model.set("a", i), model.set("b", i);
    assert.equal(painted, 1);
    frame();
    assert.equal(painted, 2);
    frame();
    assert.equal(painted, 2);
    model.set("b", 9);
    frame();
    assert.equal(painted, 3);
  });

  test("does not paint for what it does not show", () => {
    const frame = frames();
    const model = new FakeModel({ a: 1, other: 1 });
    let painted = 0;
    follow([model], ["a"], () => painted++, new AbortController().signal);
    model.set("other", 2);
    frame();
    assert.equal(painted, 1);
  });

  test("leaves no listener and paints no more once it has ended, a frame under way included", () => {
    const frame = frames();
    const models = [new FakeModel({ a: 1 }), new FakeModel({ a: 1 })];
    const end = new AbortController();
    let painted = 0;
    follow(models, ["a"], () => painted++, end.signal);
    models[0].set("a", 2);
    end.abort();
    frame();
    assert.equal(painted, 1);
    assert.deepEqual(models.map((model) => model.listeners), [[], []]);
  });
});

test("several traits are saved together", () => {
  const model = new FakeModel({ a: 1, b: 1 });
  put(model, { a: 2, b: 3 });
  assert.deepEqual(model.saved, [{ a: 2, b: 3 }]);
});

test("a view's state is its stage's, or its own when it is alone", async () => {
  const stage = new FakeModel({});
  const host = { getModel: async (ref) => (ref === "the stage" ? stage : null) };
  const [bound, alone] = [new FakeModel({ stage: "the stage" }), new FakeModel({ stage: null })];
  assert.equal(await stateOf(bound, host), stage);
  assert.equal(await stateOf(alone, host), alone);
});
