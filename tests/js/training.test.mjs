import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./modules.mjs";

const now = {
  own_loop: false, status: "playing", measuring: false, steps_done: 1200, steps_total: 2814, epoch: 3, epochs: 6,
  images_per_second: 6543.2, seconds_left: 25.4, phase: "",
};
const train = { first: [1, 2, 9], steps: [1, 5, 9], loss: [2.3, 1, 0.5], accuracy: [0.1, 0.5, NaN] };
const tested = { steps: [0, 6], loss: [2.4, 0.9], accuracy: [0.08, 0.625] };

describe("a training in words", async () => {
  const { duration, forgets, inWords, lastBefore, readOut, rowsOf, stopsBack, stopsStep } = await load("training_words");

  test("says what is done, where, how fast and how long", () => {
    assert.equal(inWords(now), "Training · epoch 3 of 6 · step 1,200 of 2,814 · 6,543 images/s · 25 s left");
    assert.equal(
      inWords({ ...now, status: "paused", phase: "backward", images_per_second: 0 }),
      "Amid a step, next: backward · epoch 3 of 6 · step 1,200 of 2,814",
    );
    assert.match(inWords({ ...now, measuring: true }), /^Reading the test images ·/);
    assert.match(inWords({ ...now, own_loop: true, steps_total: 0 }), /^step 1,200 of your own loop/);
  });

  test("tells times as people do", () => {
    assert.deepEqual([4.4, 89, 90, 3600, 5400].map(duration), ["4 s", "89 s", "2 min", "60 min", "1.5 h"]);
  });

  test("says what stands in a button's way by the names of other buttons, and what one would lose", () => {
    assert.match(stopsStep("finished"), /^All epochs are done\. Press “One epoch more”/);
    assert.deepEqual(["playing", "paused", "failed", "stopped", ""].map(stopsStep), ["", "", "", "", ""]);
    assert.match(stopsBack("playing", true), /^Pause first/);
    assert.match(stopsBack("paused", false), /Choose an earlier one/);
    assert.equal(stopsBack("finished", true), "");
    assert.match(forgets(2814), /^This forgets 2,814 steps of training, for good. Press again.* Esc keeps them\.$/);
    assert.match(forgets(1), /^This forgets the last step, .* keeps it\.$/);
  });

  test("finds the last point that is not after a step", () => {
    assert.deepEqual([0, 1, 4, 5, 9, 99].map((step) => lastBefore(train.steps, step)), [-1, 0, 0, 1, 2, 2]);
    assert.equal(lastBefore([], 3), -1);
  });

  test("reads both curves at a step, says of which steps, and leaves out what is not known", () => {
    assert.equal(
      readOut(7, train, tested),
      "step 7 · training loss 1 nats, accuracy 50.0 % (mean of steps 2 to 5) · test loss 0.9, accuracy 62.5 % (step 6)",
    );
    assert.equal(readOut(0, train, tested), "step 0 · test loss 2.4, accuracy 8.0 % (step 0)");
    assert.equal(readOut(9, train, { steps: [], loss: [], accuracy: [] }), "step 9 · training loss 0.5 nats (step 9)");
    const long = { first: [2825], steps: [2832], loss: [0.00945], accuracy: [0.531] };
    assert.equal(
      readOut(2832, long, { steps: [], loss: [], accuracy: [] }),
      "step 2,832 · training loss 0.00945 nats, accuracy 53.1 % (mean of steps 2,825 to 2,832)",
    );
  });

  test("has a table of all tests, and of the steps as many as can be read", () => {
    assert.deepEqual(rowsOf(train, tested).map((row) => row.name), ["0", "1", "5", "6", "9"]);
    assert.deepEqual(rowsOf(train, tested)[2].cells, ["1", "50.0 %", "2 to 5", "", ""]);
    assert.deepEqual(rowsOf(train, tested)[3].cells, ["", "", "", "0.9", "62.5 %"]);
    assert.deepEqual(rowsOf(train, tested)[4].cells, ["0.5", "", "9", "", ""]);
    const numbers = Array.from({ length: 400 }, (_, i) => i);
    const long = { first: numbers, steps: numbers, loss: Array(400).fill(1), accuracy: Array(400).fill(1) };
    assert.equal(rowsOf(long, { steps: [], loss: [], accuracy: [] }).length, 50);
  });
});

describe("slow motion", async () => {
  const { inWords, limitsAbout, rule } = await load("slow_motion");

  test("says why no phase can follow a finished run, in the words of the page", () => {
    const before = { done: "", finished: false, slow_step: 0, loss_nats: null };
    assert.match(inWords(before), /^Press “Forward”/);
    assert.match(inWords({ ...before, finished: true }), /^All epochs are done.* press “One epoch more”/);
    assert.match(inWords({ done: "update", finished: true, slow_step: 2814, loss_nats: 0.5 }), /^Step 2,814, loss 0.5 nats. All epochs/);
  });

  test("has scales that reach as far below zero as above", () => {
    const limits = (...data) => limitsAbout(Float32Array.from(data));
    assert.deepEqual(limits(0.25, -0.5), { low: -0.5, high: 0.5, bad: 0, signed: true });
    assert.deepEqual(limits(0.25, 0.5), { low: -0.5, high: 0.5, bad: 0, signed: true });
    assert.deepEqual(limits(0.25, NaN, -Infinity), { low: -0.25, high: 0.25, bad: 2, signed: true });
  });

  test("states the update of plain SGD, and does not claim it for others", () => {
    assert.equal(rule("sgd", 0.1), "w′ = w − 0.1 · g, for plain SGD.");
    assert.match(rule("adamw", 0.001), /^adamw makes its update of .* plain SGD would take w − 0.001 · g\.$/);
  });
});

describe("the recorded moments", async () => {
  const { nearest } = await load("moments");
  const { inWords } = await load("time_slider");

  test("are found by the nearest step, the earlier of two", () => {
    assert.deepEqual([-5, 0, 4, 5, 6, 99, null].map((step) => nearest([0, 10, 20], step)), [0, 0, 0, 0, 1, 2, 2]);
  });

  test("are told with what is known of their accuracy", () => {
    const steps = [0, 10, 20];
    assert.equal(inWords(steps, [null, 0.5, 0.9], 0, [false, false, true]), "step 0 of 20");
    assert.equal(inWords(steps, [null, 0.5, 0.9], 1, [false, false, true]), "step 10 of 20 · recorded: 50.0 % of its latest training batches");
    assert.equal(inWords(steps, [null, 0.5, 0.9], 2, [false, false, true]), "step 20 of 20 · recorded: 90.0 % of the test images");
  });
});

describe("a comparison", async () => {
  const { mostChanged, scoreRows, sharedLimits } = await load("compare");
  const [a, b] = [new Float32Array([0.5, 0.25, 0.25]), new Float32Array([0, 0.25, 0.75])];

  test("a class has the score that is its own", () => {
    assert.deepEqual(scoreRows(a, b, ["cat", "dog", "owl"]), [
      ["cat", "50.0 %", "0.0 %", "−50.0"],
      ["dog", "25.0 %", "25.0 %", "0.0"],
      ["owl", "25.0 %", "75.0 %", "+50.0"],
    ]);
  });

  test("scores of other classes than the set's go by their number, and none is left out or made up", () => {
    for (const classes of [["cat", "dog"], ["cat", "dog", "owl", "elk"]]) {
      assert.deepEqual(scoreRows(a, b, classes).map(([name]) => name), ["0", "1", "2"]);
    }
  });

  test("names the channels that changed most, and how many did", () => {
    assert.equal(mostChanged([0, 2, 0.5]), "2 of 3 channels differ, most of all 1 (2), 2 (0.5).");
    assert.equal(mostChanged([0, 0]), "No channel of this layer differs.");
    assert.equal(mostChanged([]), "No channel of this layer differs.");
    assert.equal(mostChanged([1, NaN, 0, Infinity]), "3 of 4 channels differ, most of all 1 (NaN), 3 (∞), 0 (1).");
  });

  test("has one scale for both maps", () => {
    const map = (...data) => ({ shape: [1, data.length], data: Float32Array.from(data) });
    assert.deepEqual(sharedLimits(map(0, 3), map(1, 2)), { low: 0, high: 3, bad: 0, signed: false });
    assert.deepEqual(sharedLimits(map(0, 3), map(-5, NaN)), { low: -5, high: 5, bad: 1, signed: true });
    assert.deepEqual(sharedLimits(null, null), { low: 0, high: 0, bad: 0, signed: false });
  });
});
