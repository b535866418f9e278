import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./modules.mjs";

const { LEVELS, colourMapFor, colours, fillPixels, inkOn, levelOf, limitsOf, writeNumbers } = await load("paint");

const floats = (...values) => new Float32Array(values);
const colourAt = (map, level) => [...colours(map).subarray(level * 3, level * 3 + 3)];
const painted = (data, map, limits) => {
  const out = new Uint8ClampedArray(data.length * 4).fill(77);
  fillPixels(data, 0, data.length, map, limits, out);
  return Array.from(data, (_, i) => [...out.subarray(i * 4, i * 4 + 4)]);
};

describe("a colour map", () => {
  test("has its ends at its ends", () => {
    assert.deepEqual(colourAt("viridis", 0), [0x44, 0x01, 0x54]);
    assert.deepEqual(colourAt("viridis", LEVELS - 1), [0xfd, 0xe7, 0x25]);
    assert.deepEqual(colourAt("grey", 0), [0, 0, 0]);
    assert.deepEqual(colourAt("grey", LEVELS - 1), [255, 255, 255]);
  });

  test("is exactly white at zero and nowhere else, where it diverges", () => {
    const middle = (LEVELS - 1) / 2;
    assert.ok(Number.isInteger(middle));
    for (let level = 0; level < LEVELS; level++) {
      const white = colourAt("diverging", level).every((part) => part === 255);
      assert.equal(white, level === middle, `level ${level}`);
    }
  });

  test("is blue below zero and orange above, darker the further, where it diverges", () => {
    const light = (level) => {
      const [r, g, b] = colourAt("diverging", level);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const middle = (LEVELS - 1) / 2;
    for (let off = 1; off <= middle; off++) {
      const [below, above] = [colourAt("diverging", middle - off), colourAt("diverging", middle + off)];
      assert.ok(below[2] > below[0], `blue at −${off}`);
      assert.ok(above[0] > above[2], `orange at +${off}`);
      assert.ok(light(middle - off) < light(middle - off + 1), `darker at −${off}`);
      assert.ok(light(middle + off) < light(middle + off - 1), `darker at +${off}`);
    }
  });

  test("gets lighter with every level, where it is sequential", () => {
    for (const map of ["viridis", "cividis", "grey"]) {
      const light = (level) => {
        const [r, g, b] = colourAt(map, level);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      // One level of rounding in each part weighs up to 1.
      for (let level = 4; level < LEVELS; level++) assert.ok(light(level) > light(level - 4) - 1, `${map} ${level}`);
      assert.ok(light(LEVELS - 1) > light(0) + 100);
    }
  });
});

describe("limits", () => {
  const cases = [
    ["of what is never negative start at zero", floats(0.5, 2, 1), { low: 0, high: 2, bad: 0, signed: false }],
    ["of signed data are symmetric", floats(-0.5, 2, 1), { low: -2, high: 2, bad: 0, signed: true }],
    ["of signed data are symmetric about the larger side", floats(-3, 2), { low: -3, high: 3, bad: 0, signed: true }],
    ["of nothing but negative values are symmetric", floats(-3, -1), { low: -3, high: 3, bad: 0, signed: true }],
    ["of zeros are zero", floats(0, 0), { low: 0, high: 0, bad: 0, signed: false }],
    ["of −0 are those of zero", floats(-0, 0), { low: 0, high: 0, bad: 0, signed: false }],
    ["leave out and count what is not finite", floats(NaN, 1, Infinity, -Infinity), { low: 0, high: 1, bad: 3, signed: false }],
    ["of nothing finite are zero", floats(NaN, NaN), { low: 0, high: 0, bad: 2, signed: false }],
    ["of no values are zero", floats(), { low: 0, high: 0, bad: 0, signed: false }],
  ];
  for (const [name, data, expected] of cases) {
    test(name, () => {
      const limits = limitsOf(data);
      // −0 and 0 are the same limit.
      assert.deepEqual({ ...limits, low: limits.low + 0, high: limits.high + 0 }, expected);
    });
  }

  test("count −∞ whatever was seen before it", () => {
    assert.equal(limitsOf(floats(-Infinity)).bad, 1);
    assert.equal(limitsOf(floats(-5, -Infinity)).bad, 1);
    assert.equal(limitsOf(floats(-Infinity, -5)).low, -5);
    assert.equal(limitsOf(floats(Infinity, 5)).high, 5);
  });

  test("hold for a part of the data", () => {
    assert.deepEqual(limitsOf(floats(-9, 1, 2, 99), 1, 3), { low: 0, high: 2, bad: 0, signed: false });
  });
});

describe("ink", () => {
  // As WCAG defines them.
  const light = (byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = (red, green, blue) => 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);

  for (const map of ["grey", "viridis", "cividis", "diverging"]) {
    test(`can be read on each colour of ${map}`, () => {
      for (let level = 0; level < LEVELS; level++) {
        const under = luminance(...colourAt(map, level));
        const ink = inkOn(...colourAt(map, level)) === "#000" ? 0 : 1;
        const [dark, bright] = [Math.min(under, ink), Math.max(under, ink)];
        assert.ok((bright + 0.05) / (dark + 0.05) >= 4.5, `level ${level}`);
      }
    });
  }
});

describe("a level", () => {
  const limits = { low: -2, high: 2, bad: 0, signed: true };
  test("is at the ends for the limits, in the middle for zero, and never outside", () => {
    assert.equal(levelOf(-2, limits), 0);
    assert.equal(levelOf(0, limits), (LEVELS - 1) / 2);
    assert.equal(levelOf(2, limits), LEVELS - 1);
    assert.equal(levelOf(-99, limits), 0);
    assert.equal(levelOf(Infinity, limits), LEVELS - 1);
  });

  test("of zero is the lowest where all is zero and nothing negative", () => {
    assert.equal(levelOf(0, { low: 0, high: 0, bad: 0, signed: false }), 0);
  });

  test("of zero is in the middle of a signed scale though all is zero", () => {
    assert.equal(levelOf(0, { low: -0, high: 0, bad: 0, signed: true }), (LEVELS - 1) / 2);
  });
});

describe("pixels", () => {
  test("have the colour of the level of their value, and are opaque", () => {
    const data = floats(0, 0.25, 1, -1, 0.5);
    const limits = limitsOf(data);
    for (const map of ["diverging", "viridis"]) {
      const expected = Array.from(data, (value) => [...colourAt(map, levelOf(value, limits)), 255]);
      assert.deepEqual(painted(data, map, limits), expected);
    }
  });

  test("stay clear where the value is not finite", () => {
    const alphas = painted(floats(NaN, 1, Infinity, -Infinity), "viridis", { low: 0, high: 1, bad: 3, signed: false });
    assert.deepEqual(alphas.map((pixel) => pixel[3]), [0, 255, 0, 0]);
  });

  test("take the end colours beyond the limits", () => {
    const limits = { low: 0, high: 1, bad: 0, signed: false };
    const [below, above] = painted(floats(-5, 5), "viridis", limits);
    assert.deepEqual(below.slice(0, 3), colourAt("viridis", 0));
    assert.deepEqual(above.slice(0, 3), colourAt("viridis", LEVELS - 1));
  });

  test("are one colour, the lowest, where all is zero", () => {
    const data = floats(0, 0, 0);
    const lowest = [...colourAt("viridis", 0), 255];
    assert.deepEqual(painted(data, "viridis", limitsOf(data)), [lowest, lowest, lowest]);
  });

  test("are written where they are wanted, and nowhere else", () => {
    const out = new Uint8ClampedArray(5 * 4).fill(7);
    fillPixels(floats(9, 0, 1, 9), 1, 2, "grey", { low: 0, high: 1, bad: 0, signed: false }, out, 2);
    assert.deepEqual([...out], [...Array(8).fill(7), 0, 0, 0, 255, 255, 255, 255, 255, 7, 7, 7, 7]);
  });
});

test("automatic colours diverge for signed data alone, and a chosen map is kept", () => {
  assert.equal(colourMapFor("auto", limitsOf(floats(-1, 1))), "diverging");
  assert.equal(colourMapFor("auto", limitsOf(floats(0, 1))), "viridis");
  assert.equal(colourMapFor("grey", limitsOf(floats(-1, 1))), "grey");
});

test("numbers in cells are apart, and not written where they could not be read so", () => {
  /** @type {{from: number, to: number, y: number}[]} */
  let written = [];
  const wide = (text, font) => text.length * 0.58 * parseFloat(font); // as digits of a common font
  globalThis.OffscreenCanvas = class {
    getContext() {
      const ink = {
        font: "",
        measureText: (text) => ({ width: wide(text, ink.font) }),
        fillText(text, x, y) {
          const half = wide(text, ink.font) / 2;
          written.push({ from: x - half, to: x + half, y, size: parseFloat(ink.font) });
        },
      };
      return ink;
    }
  };
  const data = floats(-0.038, -0.024, -0.029, -0.091, 0.05, -0.061, 0.011, -0.024, -0.029);
  const limits = { low: -0.091, high: 0.091, bad: 0, signed: true };
  for (const ratio of [1, 2]) {
    for (const cell of [29, 31, 36, 39, 44, 80]) {
      written = [];
      const side = cell * 3 * ratio;
      writeNumbers({ drawImage() {} }, data, 0, 3, 3, "diverging", limits, 0, 0, side, side, ratio);
      assert.equal(written.length, cell < 36 ? 0 : 9, `${cell} pixels`);
      for (const [i, { from, to, y, size }] of written.entries()) {
        assert.ok(size >= 8 * ratio && size <= 12 * ratio);
        const left = written[i - 1];
        if (left?.y === y) assert.ok(from - left.to >= 5.9 * ratio, `${cell}: ${from - left.to}`);
        assert.ok(from >= 0 && to <= side);
      }
    }
  }
  delete globalThis.OffscreenCanvas;
});
