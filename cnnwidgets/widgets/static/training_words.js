// @ts-check
// A training in words: where it is, how long it takes, what stands at a step of its curves.

import { count, number } from "./kit.js";

/** @param {number} share */
const percent = (share) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "");

/** A time to wait, in words. @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/**
 * @typedef {object} Now
 * @property {boolean} own_loop @property {string} status @property {boolean} measuring
 * @property {number} steps_done @property {number} steps_total
 * @property {number} epoch @property {number} epochs
 * @property {number} images_per_second @property {number} seconds_left @property {string} phase
 */

/** Where a training is, in a line. @param {Now} now */
export function inWords(now) {
  const steps = `step ${count(now.steps_done)}${now.steps_total ? ` of ${count(now.steps_total)}` : ""}`;
  if (now.own_loop) return `${steps} of your own loop. The curves grow while it runs; your code alone can pause it.`;
  const epoch = `epoch ${now.epoch} of ${now.epochs}`;
  const status = now.status === "playing" ? "training" : now.status; // "play" is the time slider's word
  const doing = now.measuring ? "reading the test images" : now.phase ? `amid a step, next: ${now.phase}` : status;
  const rate = now.images_per_second ? ` · ${count(Math.round(now.images_per_second))} images/s` : "";
  const left = now.status === "playing" && now.seconds_left ? ` · ${duration(now.seconds_left)} left` : "";
  return `${doing[0].toUpperCase()}${doing.slice(1)} · ${epoch} · ${steps}${rate}${left}`;
}

/** Why no step can be done, in the words of the page; else empty. @param {string} status */
export const stopsStep = (status) =>
  status === "finished"
    ? "All epochs are done. Press “One epoch more”, or choose an earlier moment on the curves and press “⟲ from here”."
    : "";

/**
 * Why the training cannot go back; else empty.
 * @param {string} status @param {boolean} isEarlier whether an earlier moment is looked at
 */
export function stopsBack(status, isEarlier) {
  if (status === "playing") return "Pause first; then choose the moment on the curves.";
  return isEarlier ? "" : "This is the newest moment. Choose an earlier one on the curves first.";
}

/** What a press would lose, and how to go on. @param {number} steps */
export function forgets(steps) {
  const [what, those] = steps === 1 ? ["the last step", "it"] : [`${count(steps)} steps of training`, "them"];
  return `This forgets ${what}, for good. Press again to do it; Esc keeps ${those}.`;
}

/**
 * The place of the last of `steps` that is not after `step`; -1 if there is none.
 * @param {ArrayLike<number>} steps @param {number} step
 */
export function lastBefore(steps, step) {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The steps that a point is the mean of. @param {Train} train @param {number} at */
const meanOf = ({ first, steps }, at) =>
  first[at] === steps[at] ? count(steps[at]) : `${count(first[at])} to ${count(steps[at])}`;

/**
 * What the curves say at a step, in words.
 * @typedef {{steps: ArrayLike<number>, loss: ArrayLike<number>, accuracy: ArrayLike<number>}} Curve
 * @typedef {Curve & {first: ArrayLike<number>}} Train means of the steps from `first` to `steps`
 * @param {number} step @param {Train} train @param {Curve} test
 */
export function readOut(step, train, test) {
  const words = [`step ${count(step)}`];
  const at = lastBefore(train.steps, step);
  const of = train.first[at] === train.steps[at] ? "step" : "mean of steps";
  const also = Number.isFinite(train.accuracy[at]) ? `, accuracy ${percent(train.accuracy[at])}` : "";
  if (at >= 0) words.push(`training loss ${number(train.loss[at], 3)} nats${also} (${of} ${meanOf(train, at)})`);
  const tested = lastBefore(test.steps, step);
  if (tested >= 0) {
    const measured = `${number(test.loss[tested], 3)}, accuracy ${percent(test.accuracy[tested])}`;
    words.push(`test loss ${measured} (step ${count(test.steps[tested])})`);
  }
  return words.join(" · ");
}

/** The rows of a table of the curves, at most about 50, the tests' all. @param {Train} train @param {Curve} test */
export function rowsOf(train, test) {
  const every = Math.max(1, Math.ceil(train.steps.length / 50));
  const rows = [];
  for (let at = 0; at < train.steps.length; at += every)
    rows.push({
      step: train.steps[at],
      cells: [number(train.loss[at], 4), percent(train.accuracy[at]), meanOf(train, at), "", ""],
    });
  for (let at = 0; at < test.steps.length; at++)
    rows.push({ step: test.steps[at], cells: ["", "", "", number(test.loss[at], 4), percent(test.accuracy[at])] });
  return rows.sort((one, other) => one.step - other.step).map(({ step, cells }) => ({ name: count(step), cells }));
}
