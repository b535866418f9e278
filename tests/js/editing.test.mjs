import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./modules.mjs";

describe("the kernel's grid", async () => {
  const { cellAfter, nudged, stepOf } = await load("kernel_grid");
  const { noNumber, parsed } = await load("typed");

  test("is nudged by a round number near a twentieth of its scale", () => {
    assert.equal(stepOf(0.4), 0.02);
    assert.equal(stepOf(1), 0.05);
    assert.equal(stepOf(30), 1);
    assert.equal(stepOf(0.0011), 0.00005);
    for (const odd of [0, -1, NaN, Infinity]) assert.equal(stepOf(odd), 0.05);
  });

  test("gathers no dust: ten nudges up and ten down lead back", () => {
    let value = 0.3;
    for (let i = 0; i < 10; i++) value = nudged(value, 1, 0.02);
    assert.equal(value, 0.5);
    for (let i = 0; i < 10; i++) value = nudged(value, -1, 0.02);
    assert.equal(value, 0.3);
    assert.equal(nudged(0, 10, 1e-7), 1e-6);
  });

  test("takes numbers as people write them, and nothing else", () => {
    assert.equal(parsed(" −0.5 "), -0.5);
    assert.equal(parsed("0,25"), 0.25);
    assert.equal(parsed("1e-3"), 0.001);
    for (const odd of ["", "-", "1.2.3", "NaN", "Infinity", "1e39", "x"]) assert.equal(parsed(odd), null, odd);
    assert.equal(noNumber("x", "0.25"), "“x” is no number, and nothing was changed: type one such as 0.25");
  });

  test("keeps arrows inside, and Home and End in the row", () => {
    assert.equal(cellAfter("ArrowLeft", 5, 3, 5, false), 5);
    assert.equal(cellAfter("ArrowRight", 5, 3, 5, false), 6);
    assert.equal(cellAfter("ArrowUp", 2, 3, 5, false), 2);
    assert.equal(cellAfter("ArrowDown", 2, 3, 5, false), 7);
    assert.equal(cellAfter("Home", 8, 3, 5, false), 5);
    assert.equal(cellAfter("End", 8, 3, 5, false), 9);
    assert.equal(cellAfter("End", 8, 3, 5, true), 14);
    assert.equal(cellAfter("Home", 8, 3, 5, true), 0);
    assert.equal(cellAfter("x", 8, 3, 5, false), null);
  });
});

describe("the kernel editor", async () => {
  const { changeInWords } = await load("kernel_editor");

  test("tells how much was changed", () => {
    assert.equal(changeInWords([1, 2], [1, 2]), "No weight is changed.");
    assert.equal(changeInWords([1, 2.5, -1], [1, 2, 0]), "2 of 3 weights changed, by 1 at most.");
  });
});

describe("the ablation board", async () => {
  const { ordered, points, switched } = await load("ablation_board");

  test("stands by number, by effect, or by what a class loses; what is unknown stands last", () => {
    const changes = [0, -0.2, 0.1, -0.2];
    const byClass = [0, -1, 0, 0, NaN, -0.5, 0, 0];
    assert.deepEqual(ordered(4, -2, changes, byClass, 2), [0, 1, 2, 3]);
    assert.deepEqual(ordered(4, -1, changes, byClass, 2), [1, 3, 0, 2]);
    assert.deepEqual(ordered(4, 1, changes, byClass, 2), [0, 2, 1, 3]);
    assert.deepEqual(ordered(4, 0, changes, byClass, 2), [0, 1, 3, 2]);
    assert.deepEqual(ordered(3, -1, null, null, 2), [0, 1, 2]);
  });

  test("switches one, or all from the last one switched, in the order they stand", () => {
    const board = [3, 1, 0, 2];
    assert.deepEqual(switched([], board, 1, null), [1]);
    assert.deepEqual(switched([1, 2], board, 1, null), [2]);
    assert.deepEqual(switched([3], board, 2, 0), [0, 1, 3]);
    assert.deepEqual(switched([0, 1, 3], board, 1, 3), [3]);
  });

  test("tells changes in percentage points, and never nothing when there is something", () => {
    assert.equal(points(-0.0123), "−1.2");
    assert.equal(points(0.5), "+50.0");
    assert.equal(points(0), "0.0");
    assert.equal(points(-0.0001), "> −0.1");
    assert.equal(points(0.0001), "< +0.1");
    assert.equal(points(NaN), "–");
  });
});
