import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./modules.mjs";

const { boxPath, escaped, opaque, scaleFor, textLines, xml } = await load("svg");
const { fileName } = await load("save");

/** Letters of 10 by 20 pixels, one after the other from a place on. */
const letters = (text, left, top) =>
  [...text].map((letter, i) => ({ text: letter, left: left + 10 * i, right: left + 10 * (i + 1), top, bottom: top + 20 }));

describe("the name of a file", () => {
  test("is that of the card's title, in letters, digits and hyphens", () => {
    assert.equal(fileName("conv2 · 16 feature maps, 14×14", "png"), "cnnwidgets-conv2-16-feature-maps-14x14.png");
    assert.equal(fileName("Prediction", "svg"), "cnnwidgets-prediction.svg");
    assert.equal(fileName("../a\\b:*?\"<>|\0c\n", "svg"), "cnnwidgets-a-b-c.svg");
    assert.equal(fileName("Слой 3 · 层", "png"), "cnnwidgets-слой-3-层.png");
  });

  test("is there without a title, and stays short with a long one", () => {
    assert.equal(fileName(" · ", "png"), "cnnwidgets.png");
    assert.ok(fileName("layer ".repeat(100), "png").length <= 84);
    assert.equal(fileName("x".repeat(300), "png"), "cnnwidgets.png");
  });
});

describe("XML", () => {
  test("holds text whatever is in it", () => {
    assert.equal(escaped(`a < b & "c" > 'd'`), "a &#60; b &#38; &#34;c&#34; &#62; 'd'");
    assert.equal(escaped("\0\x1b\uffff\ud800 ✓ 😀"), "���� ✓ 😀");
  });

  test("is closed with children and without, and leaves out what is undefined", () => {
    assert.equal(xml("rect", { x: 1 / 3, y: undefined, fill: '"' }), '<rect x="0.333" fill="&#34;"/>');
    assert.equal(xml("g", {}, xml("path", { d: "M0 0" }), ""), '<g><path d="M0 0"/></g>');
  });
});

test("a computed colour becomes one that SVG 1.1 knows, and an opacity", () => {
  assert.deepEqual(opaque("rgb(11, 107, 203)"), ["#0b6bcb", 1]);
  assert.deepEqual(opaque("rgba(0, 0, 0, 0)"), ["#000000", 0]);
  assert.deepEqual(opaque("rgba(255, 0, 16, 0.5)"), ["#ff0010", 0.5]);
  assert.deepEqual(opaque("none"), ["none", 0]);
  assert.deepEqual(opaque("color(srgb 1 0 0)"), ["color(srgb 1 0 0)", 1]);
});

test("a box has square corners, or round ones that fit into it", () => {
  const box = { left: 1, top: 2, right: 11, bottom: 8 };
  assert.equal(boxPath(box, [0, 0, 0, 0]), "M1 2h10v6h-10v-6z");
  assert.equal(boxPath(box, [0, 2, 0, 0]), "M1 2h8a2 2 0 0 1 2 2v4h-10v-6z");
  assert.equal(boxPath(box, [99, 99, 99, 99]), boxPath(box, [3, 3, 3, 3]));
  assert.equal(boxPath(box, [-1, 0, 0, 0]), boxPath(box, [0, 0, 0, 0]));
});

describe("the letters of a text", () => {
  test("are one line for each line of the page, without the spaces around", () => {
    const lines = textLines([...letters(" maps of ", 0, 0), ...letters("conv1", 0, 20)]);
    assert.deepEqual(lines, [
      { text: "maps of", left: 10, right: 80, top: 0, bottom: 20 },
      { text: "conv1", left: 0, right: 50, top: 20, bottom: 40 },
    ]);
  });

  test("keep their order where they are written from the right", () => {
    const [line] = textLines(letters("אבג", 0, 0).map((letter, i) => ({ ...letter, left: 20 - 10 * i, right: 30 - 10 * i })));
    assert.deepEqual([line.text, line.left, line.right], ["אבג", 0, 30]);
  });

  test("are nothing where there is nothing", () => assert.deepEqual(textLines(letters("  ", 0, 0)), []));
});

test("a picture has at least two pixels for one of CSS, and a whole number for one of the screen", () => {
  for (const ratio of [0.5, 0.8, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.625, 3, 4]) {
    const scale = scaleFor(ratio);
    assert.ok(scale >= 2 && scale < 2 + ratio, `${ratio}`);
    assert.ok(Math.abs(scale / ratio - Math.round(scale / ratio)) < 1e-9, `${ratio}`);
  }
});
