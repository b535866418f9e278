import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./modules.mjs";

const { factsOf } = await load("maps");
const { LEVELS, levelOf } = await load("paint");

describe("the channel slider", async () => {
  const { heights } = await load("channel_slider");

  test("has marks in proportion to the largest response, and none for what is not above zero", () => {
    assert.deepEqual(heights([1, 4, 2]), [0.25, 1, 0.5]);
    assert.deepEqual(heights([-1, 0, 2]), [0, 0, 1]);
    assert.deepEqual(heights([-3, -1]), [0, 0]);
    assert.deepEqual(heights([0, 0]), [0, 0]);
    assert.deepEqual(heights([]), []);
  });

  test("is not upset by channels without a number", () => {
    assert.deepEqual(heights([-Infinity, 2, NaN, Infinity]), [0, 1, 0, 1]);
  });
});

describe("a slider under marks", async () => {
  const { placeAt, spread } = await load("marks");

  test("finds under each mark the place of that mark", () => {
    for (const places of [1, 2, 3, 8, 16, 64]) {
      for (const width of [150, 304.5]) {
        const { middle } = spread(width, places);
        for (let place = 0; place < places; place++) assert.equal(placeAt(middle(place), width, places), place);
      }
    }
  });

  test("has its marks where a range input's thumb is, 16 pixels wide and kept inside", () => {
    const { middle } = spread(216, 5);
    assert.deepEqual([0, 1, 4].map(middle), [8, 58, 208]);
    assert.equal(spread(216, 1).middle(0), 108);
  });

  test("has bars that do not touch, and are neither too wide nor gone", () => {
    assert.equal(spread(300, 3).bar, 8);
    assert.equal(spread(116, 21).bar, 3);
    assert.equal(spread(100, 1000).bar, 1);
  });

  test("never finds a place that is not there", () => {
    for (const x of [-50, 0, 150, 1000]) {
      for (const places of [1, 2, 9]) {
        const found = placeAt(x, 150, places);
        assert.ok(found >= 0 && found < places, `${x}: ${found} of ${places}`);
      }
    }
  });
});

describe("the prediction", async () => {
  const { largest, percent, shownClasses } = await load("prediction");

  test("is told in per cent, and never certain when it is not", () => {
    assert.equal(percent(0.5), "50.0 %");
    assert.equal(percent(1), "100.0 %");
    assert.equal(percent(0.99999), "> 99.9 %");
    assert.equal(percent(0), "0.0 %");
    assert.equal(percent(NaN), "NaN");
  });

  test("is the first of the largest, or none when a score is not a number", () => {
    assert.equal(largest([0.1, 0.7, 0.2]), 1);
    assert.equal(largest([0.5, 0.5]), 0);
    assert.equal(largest([-3, -1, -2]), 1);
    assert.equal(largest([0.1, NaN, 0.2]), -1);
    assert.equal(largest([NaN, 0.1]), -1);
    assert.equal(largest([]), -1);
  });

  test("shows twelve classes in order, of more the ten likeliest, the likeliest first", () => {
    assert.deepEqual(shownClasses(Array(12).fill(0)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const scores = Float32Array.from({ length: 1000 }, (_, i) => (i * 37) % 1000);
    const best = [...scores.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, 10);
    assert.deepEqual(shownClasses(scores), best);
  });
});

describe("the layers", async () => {
  const { inLines, inWords } = await load("layer_selector");
  const conv = { name: "conv1", kind: "Conv2d", detail: "5×5, padding 2", parameters: 1208, shape: [8, 28, 28] };
  const relu = { name: "relu1", kind: "ReLU", detail: "", parameters: 0, shape: [8, 28, 28] };

  test("are told by shape, kind and weights", () => {
    assert.deepEqual(inLines(conv), ["8×28×28", "5×5", "1,208"]);
    assert.deepEqual(inLines(relu), ["8×28×28", "ReLU", ""]);
  });

  test("are summed up in words, with the chosen one", () => {
    const words = inWords([conv, relu], "conv1");
    assert.match(words, /2 layers/);
    assert.match(words, /1,208 weights/);
    assert.match(words, /conv1: Conv2d, 5×5, padding 2/);
    assert.doesNotMatch(inWords([conv, relu], ""), /Conv2d/);
  });
});

describe("the filters", async () => {
  const { kernelOf } = await load("filters");

  test("have a tile for each kernel of one filter, or of all in rows", () => {
    assert.deepEqual(kernelOf(3, 8, false, 5), { filter: 5, input: 3 });
    const seen = new Set();
    for (let tile = 0; tile < 16 * 8; tile++) {
      const { filter, input } = kernelOf(tile, 8, true, 5);
      assert.ok(filter < 16 && input < 8);
      seen.add(`${filter} ${input}`);
    }
    assert.equal(seen.size, 16 * 8);
  });
});

test("the picker asks for the blocks that hold what is visible, and no others", async () => {
  const { blocksOf } = await load("digit_picker");
  assert.deepEqual(blocksOf(0, 128), [0]);
  assert.deepEqual(blocksOf(0, 129), [0, 1]);
  assert.deepEqual(blocksOf(127, 128), [0]);
  assert.deepEqual(blocksOf(128, 257), [1, 2]);
  assert.deepEqual(blocksOf(9990, 10000), [78]);
  assert.deepEqual(blocksOf(0, 0), []);
});

describe("the feature maps", async () => {
  const { lookOf, zoomAfter } = await load("feature_maps");

  test("a button zooms to the next size, from any that Python may set", () => {
    assert.deepEqual([0.5, 1, 1.2, 4, 8].map((zoom) => zoomAfter(zoom, -1)), [0.5, 0.75, 1, 3, 4]);
    assert.deepEqual([0.25, 0.5, 1.2, 3, 8].map((zoom) => zoomAfter(zoom, 1)), [0.5, 0.75, 1.5, 4, 8]);
  });
  const { changeInWords, inWords, unitName } = await load("map_words");
  const maps = { shape: [2, 2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6, -1, 0, 1, 2, -8, 3]) };

  test("share one scale, or have each their own", () => {
    const facts = factsOf(maps);
    assert.deepEqual(lookOf(facts, 0, "shared", "auto").limits, { low: -8, high: 8, bad: 0, signed: true });
    assert.deepEqual(lookOf(facts, 0, "channel", "auto"), {
      map: "viridis",
      limits: { low: 0, high: 6, bad: 0, signed: false },
    });
    assert.equal(lookOf(facts, 1, "channel", "auto").map, "diverging");
    assert.equal(lookOf(facts, 1, "channel", "grey").map, "grey");
  });

  test("of a change have zero in the middle, of whatever signs it is", () => {
    for (const [values, high] of [[[0, 0], 0], [[0, 3], 3], [[0, -3], 3]]) {
      const { map, limits } = lookOf(factsOf({ shape: [1, 1, 2], data: new Float32Array(values) }), 0, "shared", "auto", true);
      assert.equal(map, "diverging");
      assert.equal(levelOf(0, limits), (LEVELS - 1) / 2);
      assert.equal(limits.high, high);
    }
    assert.equal(lookOf(factsOf(maps), 0, "shared", "grey", true).map, "grey"); // chosen by hand
  });

  test("say which channel responds most and where", () => {
    assert.match(inWords(factsOf(maps)), /[Cc]hannel 0 responds most, at row 1, column 2/);
    assert.match(inWords(factsOf({ shape: [3], data: new Float32Array([1, 9, 2]) })), /[Uu]nit 1 is the largest/);
  });

  test("say so when no value is a number", () => {
    const nothing = { shape: [1, 1, 2], data: new Float32Array([NaN, -Infinity]) };
    assert.match(inWords(factsOf(nothing)), /[Nn]o value/);
    const fell = { shape: [2, 1, 2], data: new Float32Array([1, -0.5, -3, 2]) };
    assert.equal(changeInWords(factsOf(fell), "step 0"), "What changed from step 0: channel 1 most, by 3.");
    assert.match(changeInWords(factsOf({ shape: [1, 1, 1], data: new Float32Array(1) }), "step 0"), /Nothing differs yet from step 0\. Choose/);
    const lost = { shape: [1, 1, 2], data: new Float32Array([0, NaN]) };
    assert.equal(changeInWords(factsOf(lost), "step 0"), "What changed from step 0 is not a finite number.");
  });

  test("give a unit its class where there is one for each", () => {
    const facts = factsOf({ shape: [2], data: new Float32Array([1, 2]) });
    assert.equal(unitName(1, facts, ["cat", "dog"]), "dog");
    assert.equal(unitName(1, facts, ["cat", "dog", "bird"]), "1");
  });
});

test("the dialog of the code says what the lines need and what they leave out", async () => {
  const { inWords } = await load("dashboard_code");
  const own = "import cnnwidgets as cw\n\n# To be defined before, as they are behind this view: model, history.\nscope = 1\n";
  assert.equal(inWords("model, history = cw.pretrained()\n", "look"), "Run these lines in a notebook: they show what you see here.");
  assert.match(inWords(own, "look"), /^Define model, history first: .* not written here\. Run these lines/);
  assert.match(inWords(own, "train"), /^Define model, history first: .*, without the view Train and its training\.$/);
  assert.match(inWords("", "train"), /^Run .* see here, without the view Train and its training\.$/);
  assert.match(inWords("", "explain"), /see here\.$/);
});
