import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./modules.mjs";

const { factsOf, placeOf, together } = await load("maps");

/** Maps of numbers that repeat, from −1 to 1. */
const some = (channels, rows, columns, seed = 1) => {
  const data = new Float32Array(channels * rows * columns);
  for (let i = 0; i < data.length; i++) data[i] = ((seed = (seed * 48271) % 2147483647) / 2147483647) * 2 - 1;
  return { shape: [channels, rows, columns], data };
};

describe("facts of maps", () => {
  test("equal those counted by hand", () => {
    for (const [channels, rows, columns] of [[1, 1, 1], [3, 4, 5], [32, 26, 26], [5, 1, 9]]) {
      const maps = some(channels, rows, columns, 7 + channels);
      const facts = factsOf(maps);
      const area = rows * columns;
      assert.deepEqual([facts.channels, facts.rows, facts.columns, facts.area], [channels, rows, columns, area]);
      const peaks = [];
      for (let channel = 0; channel < channels; channel++) {
        const values = [...maps.data.subarray(channel * area, (channel + 1) * area)];
        peaks.push(Math.max(...values));
        assert.equal(facts.peaks[channel], peaks[channel]);
        assert.equal(facts.peakAt[channel], values.indexOf(peaks[channel]));
        const limit = Math.max(...values.map(Math.abs));
        const signed = values.some((value) => value < 0);
        assert.deepEqual(facts.each[channel], { low: signed ? -limit : 0, high: limit, bad: 0, signed });
      }
      assert.equal(facts.strongest, peaks.indexOf(Math.max(...peaks)));
      assert.equal(facts.shared.high, Math.max(...facts.each.map((one) => one.high)));
    }
  });

  test("are worked out once for the same maps", () => {
    const maps = some(2, 3, 3);
    assert.equal(factsOf(maps), factsOf(maps));
  });

  test("of a vector have one place a unit", () => {
    const facts = factsOf({ shape: [4], data: new Float32Array([1, -5, 3, 2]) });
    assert.equal(facts.vector, true);
    assert.deepEqual([facts.channels, facts.rows, facts.columns, facts.area], [4, 1, 1, 1]);
    assert.deepEqual(facts.peaks, [1, -5, 3, 2]);
    assert.equal(facts.strongest, 2);
    assert.deepEqual(facts.shared, { low: -5, high: 5, bad: 0, signed: true });
  });

  test("count what is not a number, and do not take it for a peak", () => {
    const data = new Float32Array([NaN, 1, 2, NaN, NaN, NaN, NaN, NaN]);
    const facts = factsOf({ shape: [2, 2, 2], data });
    assert.equal(facts.peaks[0], 2);
    assert.equal(facts.peakAt[0], 2);
    assert.equal(facts.peaks[1], -Infinity);
    assert.deepEqual(facts.each.map((one) => one.bad), [2, 4]);
    assert.equal(facts.shared.bad, 6);
    assert.equal(facts.strongest, 0);
  });
});

test("a place in a map is its row and column", () => {
  const facts = factsOf(some(1, 4, 7));
  for (let at = 0; at < 28; at++) {
    const [row, column] = placeOf(facts, at);
    assert.equal(row * 7 + column, at);
    assert.ok(row < 4 && column < 7);
  }
});

test("limits for all are symmetric as soon as one channel is signed", () => {
  const plain = { low: 0, high: 3, bad: 1, signed: false };
  const signed = { low: -2, high: 2, bad: 0, signed: true };
  assert.deepEqual(together([plain, plain]), { low: 0, high: 3, bad: 2, signed: false });
  assert.deepEqual(together([plain, signed]), { low: -3, high: 3, bad: 1, signed: true });
});
