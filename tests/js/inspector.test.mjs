import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load, wire } from "./modules.mjs";

const words = await load("inspector_words");
const { beginning, deedWords, explainedIn, headsOf, inputWords, leadWords, linesOf, placeIn, placeWords, verdictWords } = words;

const floats = (shape, ...numbers) => wire(shape, Float32Array.from(numbers));
const whole = (shape, ...numbers) => wire(shape, Uint32Array.from(numbers));

/** A model of the page with an explanation: a 1×2 patch in three channels. */
function model(changes = {}) {
  const values = {
    of: "conv2", kind: "Conv2d", unit: [5, 6, 9], rule: "1×2", note: "", operation: "sum", source_layer: "pool1",
    source_shape: [3, 4, 5], leads: true, chosen: null, matches: true, facts: [], changes: [],
    contributors: whole([3], 2, 0, 1),
    sums: floats([3], -4, 2, 1), running: floats([3], -4, -2, -1),
    patch: floats([3, 1, 2], 1, 2, 3, 4, 5, 6), weights: floats([3, 1, 2], 0, -2, 2, -1, -1, 1),
    products: floats([3, 1, 2], 0, -4, 6, -4, -5, 6), cells: whole([3, 1, 2], 41, 42, 1, 2, 0, 22),
    padding: wire([1, 2], Uint8Array.from([0, 0])),
    values: floats([4], 0.5, -0.5, -0.5, 0), fact_values: floats([0]), change_values: floats([0]),
    ...changes,
  };
  return { get: (name) => values[name] };
}
const explained = (changes) => explainedIn(model(changes));

test("nothing is explained where there is no layer or no patch", () => {
  assert.equal(explained({ of: "" }), null);
  assert.equal(explained({ patch: null }), null);
});

test("a cell is a place of the maps or a unit of the vector that it comes from, and padding is none", () => {
  assert.deepEqual(placeIn(1, [3, 4, 5]), [0, 0, 0]);
  assert.deepEqual(placeIn(42, [3, 4, 5]), [2, 0, 1]);
  assert.deepEqual(placeIn(60, [3, 4, 5]), [2, 3, 4]);
  assert.deepEqual(placeIn(7, [40]), [6]);
  assert.equal(placeIn(0, [3, 4, 5]), null);
  assert.equal(placeWords([2, 0, 1]), "channel 2, row 0, column 1");
  assert.equal(placeWords([6]), "unit 6");
  assert.equal(placeWords(null), "padding");
});

test("the answer has come when layer and place are those that were selected", async () => {
  const { isExplained } = words;
  const state = (layer, channel, pixel) => ({ get: (name) => ({ layer, channel, pixel })[name] });
  const e = { of: "conv2", unit: [5, 6, 9] };
  assert.ok(isExplained(e, state("conv2", 5, [6, 9])));
  assert.ok(!isExplained(e, state("conv2", 5, [6, 8])));
  assert.ok(!isExplained(e, state("conv2", 5, null)));
  assert.ok(!isExplained(e, state("pool1", 5, [6, 9])));
  assert.ok(isExplained({ of: "fc", unit: [7] }, state("fc", 7, null)));
});

describe("the sum", () => {
  test("has the largest first, the others in one line, then the bias and the result", () => {
    const lines = linesOf(explained(), 2);
    assert.deepEqual(lines.map(({ name, cells }) => [name, ...cells]), [
      ["channel 2", "−4", "−4"],
      ["channel 0", "2", "−2"],
      ["the 1 other", "1", "−1"],
      ["bias", "0.5", "−0.5"],
    ]);
    assert.deepEqual(lines.map(({ size }) => size), [-1, 0.5, 0, 0]);
  });

  test("has all of them when opened", () => {
    assert.deepEqual(linesOf(explained(), 32).map(({ kind }) => kind), ["term", "term", "term", "bias"]);
    const opened = linesOf(explained(), 3, 2);
    assert.deepEqual(opened.map(({ kind }) => kind), ["term", "term", "term", "fold", "bias"]);
    assert.equal(opened[3].name, "only the 2 largest");
    assert.deepEqual(linesOf(explained(), 2, 2).map(({ kind }) => kind), ["term", "term", "rest", "bias"]);
  });

  test("of single numbers has number, weight and product in each line", () => {
    const e = explained({
      patch: floats([2, 1, 1], 3, 4), weights: floats([2, 1, 1], 2, -1), products: floats([2, 1, 1], 6, -4),
      cells: whole([2, 1, 1], 12, 3), source_shape: [40], contributors: whole([2], 11, 2), sums: floats([2], 6, -4), running: floats([2], 6, 2),
    });
    assert.deepEqual(headsOf(e), ["from", "number", "weight", "product", "running sum"]);
    assert.deepEqual(linesOf(e, 6).map(({ name, cells }) => [name, ...cells]), [
      ["unit 11", "3", "2", "6", "6"],
      ["unit 2", "4", "−1", "−4", "2"],
      ["bias", "", "", "0.5", "−0.5"],
    ]);
  });

  test("of a sequence has the row and the column of each number", () => {
    const e = explained({
      patch: floats([2, 1, 1], 3, 4), weights: floats([2, 1, 1], 2, -1), products: floats([2, 1, 1], 6, -4),
      cells: whole([2, 1, 1], 15, 12), source_shape: [1, 3, 8], contributors: whole([2], 6, 3), sums: floats([2], 6, -4), running: floats([2], 6, 2),
    });
    assert.deepEqual(linesOf(e, 6).map(({ name }) => name), ["row 1, column 6", "row 1, column 3", "bias"]);
  });

  test("of single numbers of maps has their channel too, where they are not one a channel", () => {
    const three = {
      patch: floats([3, 1, 1], 3, 4, 5), weights: floats([3, 1, 1], 1, 1, 1), products: floats([3, 1, 1], 3, 4, 5),
      source_shape: [3, 2, 3], sums: floats([3], 3, 4, 5), running: floats([3], 3, 7, 12),
    };
    const names = (cells, contributors) => linesOf(explained({ ...three, cells, contributors }), 3).map(({ name }) => name).slice(0, 3);
    const along = names(whole([3, 1, 1], 10, 11, 12), whole([3], 0, 1, 2)); // a linear layer over the columns
    assert.deepEqual(along, ["channel 1, row 1, column 0", "channel 1, row 1, column 1", "channel 1, row 1, column 2"]);
    const across = names(whole([3, 1, 1], 13, 1, 7), whole([3], 2, 0, 1)); // a 1×1 convolution
    assert.deepEqual(across, ["channel 2", "channel 0", "channel 1"]);
  });

  test("of a maximum or an activation is none", () => {
    assert.deepEqual(linesOf(explained({ operation: "maximum", sums: null, running: null }), 6), []);
  });

  test("is not upset by what is no number", () => {
    const lines = linesOf(explained({ sums: floats([3], NaN, Infinity, 1), running: floats([3], NaN, NaN, NaN) }), 3);
    assert.deepEqual(lines.slice(0, 3).map(({ cells, size }) => [cells[0], size]), [["NaN", 0], ["∞", 0], ["1", 1]]);
  });
});

describe("reading begins", () => {
  test("at the largest product of the largest contributor, or of the one that was chosen", () => {
    assert.deepEqual(beginning(explained(), null), { rank: 0, at: 1 });
    assert.deepEqual(beginning(explained(), 1), { rank: 1, at: 0 });
  });

  test("at the winner of a maximum", () => {
    assert.deepEqual(beginning(explained({ operation: "maximum", chosen: [0, 0, 0] }), null), { rank: 0, at: 0 });
  });
});

describe("the reader", async () => {
  const { UNREAD, chosen, hovering, numberWords, placeAt, turned, whyNot } = await load("inspector_reading");
  const begun = turned(UNREAD, explained(), false, null);
  const mark = { channel: 1, at: 1 };

  test("begins where reading begins, and stays where a number was chosen while the layer stays", () => {
    assert.deepEqual([begun.rank, begun.at, begun.picked], [0, 1, null]);
    const there = chosen(begun, 1, 1);
    assert.deepEqual(there.picked, { channel: 0, at: 1 });
    const moved = turned(there, explained({ contributors: whole([3], 0, 1, 2) }), false, null);
    assert.deepEqual([moved.rank, moved.at], [0, 1], "the channel is kept, not its rank");
    const below = turned(there, explained({ of: "pool1" }), false, null);
    assert.deepEqual([below.rank, below.picked], [0, null]);
  });

  test("climbs back to the number that led down", () => {
    const back = turned(turned(begun, explained({ of: "pool1" }), false, null), explained(), true, mark);
    assert.deepEqual([back.rank, back.at, back.picked], [2, 1, mark]);
    const between = turned(back, explained({ of: "pool1" }), true, null);
    assert.deepEqual(between.picked, mark, "kept while a layer between is explained");
  });

  test("goes no further than the last contributor, and points without going anywhere", () => {
    assert.equal(chosen(begun, 9, null).rank, 2);
    assert.equal(chosen(begun, -1, 0).rank, 0);
    assert.equal(chosen(UNREAD, 1, 0), UNREAD);
    assert.deepEqual([hovering(begun, 0).at, hovering(begun, 0).hovered], [1, 0]);
    assert.equal(hovering(begun, null), begun);
  });

  test("is told the number, where it comes from, and why no way leads down", () => {
    assert.equal(numberWords(begun, 1), "pool1 · channel 2, row 0, column 1 · 2 × −2 = −4");
    assert.deepEqual(placeAt(begun, 1), [2, 0, 1]);
    assert.equal(whyNot(begun), "");
    assert.match(numberWords(chosen(begun, 2, 0), 0), /^padding · 5 × /);
    assert.match(whyNot(chosen(begun, 2, 0)), /padding/);
    assert.match(whyNot(turned(UNREAD, explained({ source_layer: "" }), false, null)), /not known/);
    assert.match(whyNot(turned(UNREAD, explained({ leads: false }), false, null)), /pool1 cannot be looked at/);
  });
});

describe("in words", () => {
  test("a convolution tells its patches, where from, and the bias only if there is one", () => {
    assert.match(leadWords(explained()), /^3 patches, 1×2 each, of pool1, .* and the bias\.$/);
    assert.match(leadWords(explained({ contributors: whole([1], 0) })), /^One 1×2 patch of pool1, /);
    assert.doesNotMatch(leadWords(explained({ values: floats([4], 0, -1, -1, 0) })), /bias/);
    assert.match(leadWords(explained({ source_layer: "input" })), /of the image/);
    assert.match(leadWords(explained({ source_layer: "" })), /of what the layer was given/);
  });

  test("a value of a sequence is at a row and a column", () => {
    assert.equal(placeWords([1, 2]), "row 1, column 2");
    assert.equal(placeWords([3, 1, 2]), "channel 3, row 1, column 2");
    assert.equal(placeWords([4]), "unit 4");
  });

  test("an activation tells what it did", () => {
    const relu = { operation: "function", kind: "ReLU", rule: "max(0, x)", patch: floats([1, 1, 1], -2), values: floats([4], 0, 0, 0, 0) };
    assert.equal(deedWords(explained(relu)), "x = −2, and max(0, x) = 0: cut to zero.");
    assert.equal(leadWords(explained(relu)), "conv2 makes one number of another: max(0, x), where x is a value of pool1.");
    assert.match(leadWords(explained({ ...relu, kind: "Mish", rule: "" })), /another: Mish\(x\), where x is/);
    const up = { ...relu, patch: floats([1, 1, 1], 2), values: floats([4], 0, 2, 2, 0) };
    assert.match(deedWords(explained(up)), /unchanged/);
  });

  test("a maximum tells who won, and that nobody did among padding alone", () => {
    const most = { operation: "maximum", chosen: [0, 0, 1], values: floats([4], 0, 2, 2, 0) };
    assert.equal(deedWords(explained(most)), "2 wins: channel 2, row 0, column 1 of pool1.");
    assert.match(deedWords(explained({ ...most, chosen: null })), /padding/);
  });

  test("it says whether it is the stored value, and by how much not", () => {
    assert.equal(verdictWords(explained()), "matches the stored value");
    const off = { matches: false, values: floats([4], 0, 1, 0.75, 0.25) };
    assert.equal(verdictWords(explained(off)), "differs by 0.25 from the stored value, 0.75");
    assert.match(verdictWords(explained({ ...off, operation: "gradient" })), /need not add up/);
  });

  test("a number of the image is told from the byte to what the network was given", () => {
    const [byte, given] = inputWords([233, 0.9137, 0.1307, 0.3081, 2.5415]);
    assert.match(byte, /^233 of 255 .* 0\.9137\.$/);
    assert.match(given, /\(0\.9137 − 0\.1307\) ∕ 0\.3081 = 2\.5415\.$/);
  });
});

describe("the image", async () => {
  const { fieldWords, nextPixel } = await load("inspector_places");

  test("says which pixels can reach the value, and how that is known", () => {
    const box = fieldWords([6, 20, 12, 26], null, "walked", "", [28, 28]);
    assert.equal(box, "can reach it: rows 6 to 19, columns 12 to 25: 14×14 of 28×28 (walked back through the layers)");
    assert.match(fieldWords([0, 28, 0, 28], null, "walked", "", [28, 28]), /the whole image/);
    assert.match(fieldWords([3, 8, 3, 8], [9, 25], "gradient", "two ways join", [28, 28]), /9 of its 25 pixels \(found by the gradient, since two ways join\)/);
    assert.match(fieldWords([0, 0, 0, 0], null, "walked", "", [28, 28]), /^no pixel/);
    assert.match(fieldWords([], null, "", "no gradient", [28, 28]), /not known: no gradient/);
    assert.match(fieldWords([], null, "sought", "", [28, 28]), /^looking for the pixels/);
    assert.equal(fieldWords([], null, "", "", [28, 28]), "");
  });

  test("is slid over row by row, and from the end to the start", () => {
    assert.deepEqual(nextPixel(null, 2, 3), [0, 0]);
    assert.deepEqual(nextPixel([0, 2], 2, 3), [1, 0]);
    assert.deepEqual(nextPixel([1, 2], 2, 3), [0, 0]);
  });
});

test("cells are as large as their numbers need, three grids in a row where that fits", async () => {
  const { cellSide } = await load("inspector_grids");
  assert.equal(cellSide(800, 5, 5, 3), 44);
  assert.equal(cellSide(600, 5, 5, 3), 36);
  assert.equal(cellSide(285, 5, 5, 3), 44, "below each other");
  assert.equal(cellSide(285, 7, 7, 3), 40);
  assert.ok(cellSide(285, 28, 28, 3) * 28 * 3 < 285, "without numbers, beside each other");
  assert.ok(cellSide(100, 224, 224, 3) > 0);
});

test("the way down is told by its layers and places", async () => {
  const { selectionOf, stopWords } = await load("inspector_trail");
  assert.equal(stopWords({ layer: "conv2", channel: 5, pixel: [6, 9] }), "conv2 (5; 6, 9)");
  assert.equal(stopWords({ layer: "fc", channel: 7, pixel: null }), "fc (7)");
  assert.deepEqual(selectionOf([5, 6, 9]), { channel: 5, pixel: [6, 9] });
  assert.deepEqual(selectionOf([7]), { channel: 7, pixel: null });
});
