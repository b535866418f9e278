import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./modules.mjs";

describe("the kernel's grid", async () => {
  const { cellAfter, nudged, parsed, stepOf } = await load("kernel_grid");

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
    assert.equal(changeInWords([1, 2], [1, 2]), "As it was trained.");
    assert.equal(changeInWords([1, 2.5, -1], [1, 2, 0]), "2 of 3 weights changed, by 1 at most.");
  });
});
