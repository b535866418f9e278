// @ts-check
// TimeSlider: the recorded steps of a training, by hand or playing.

import { card, count, follow, h, put, say, showErrors, stateOf, twin } from "./kit.js";
import { helping, SLIDER_KEYS } from "./help.js";
import { markedSlider } from "./marks.js";
import { nearest } from "./moments.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {number | null} step
 * @property {number[]} steps
 * @property {(number | null)[]} accuracies
 * @property {boolean[]} tested
 */

const HEIGHT = 36;
const FRAME_MS = 90; // a little over ten moments a second

/** @param {number} accuracy */
const share = (accuracy) => `${(100 * accuracy).toFixed(1)} %`;

/**
 * Where the slider stands, in words. @param {number[]} steps @param {(number | null)[]} accuracies
 * @param {number} at @param {boolean[]} [tested] whether each accuracy is of test images; else of training batches
 */
export function inWords(steps, accuracies, at, tested = []) {
  const accuracy = accuracies[at] ?? null;
  const of = tested[at] === false ? "its latest training batches" : "the test images";
  // Not "reads": with edits it would not be so.
  const reads = accuracy === null ? "" : ` · recorded: ${share(accuracy)} of ${of}`;
  return `step ${count(steps[at])} of ${count(steps[steps.length - 1])}${reads}`;
}

/** The recorded moments, and which of them is shown. @param {import("./kit.js").Model} state */
function momentsOf(state) {
  const steps = /** @type {number[]} */ (state.get("steps"));
  const accuracies = /** @type {(number | null)[]} */ (state.get("accuracies"));
  const tested = /** @type {boolean[]} */ (state.get("tested"));
  return { steps, accuracies, tested, at: nearest(steps, state.get("step")) };
}

/** The moments as a table. @param {ReturnType<typeof momentsOf>} moments */
function rowsOf({ steps, accuracies, tested }) {
  return steps.map((step, i) => {
    const accuracy = accuracies[i] ?? null;
    const cells = accuracy === null ? [] : [share(accuracy), tested[i] === false ? "latest batches" : "test images"];
    return { name: count(step), cells };
  });
}

/**
 * The button that plays the moments, from the first after the last.
 * @param {{now(): {steps: number[], at: number}, go(at: number): void, changed(): void, signal: AbortSignal}} options
 */
function player({ now, go, changed, signal }) {
  const button = h("button", { type: "button", className: "cw-press cw-play" });
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    changed();
  };
  const isLast = () => now().at + 1 >= now().steps.length;
  const advance = () => (isLast() ? stop() : go(now().at + 1));
  const toggle = () => {
    if (timer !== undefined) return stop();
    if (isLast()) go(0);
    timer = setInterval(advance, FRAME_MS);
    changed();
  };
  button.addEventListener("click", toggle, { signal });
  signal.addEventListener("abort", () => clearInterval(timer));
  return { button, toggle, plays: () => timer !== undefined };
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "time");
    const now = () => momentsOf(state);
    const go = (/** @type {number} */ at) => put(state, { step: now().steps[at] });
    const changed = () => {
      track.announce();
      paint();
    };
    const { button, toggle, plays } = player({ now, go, changed, signal });
    const track = markedSlider({
      label: "training step",
      height: HEIGHT,
      places: () => now().steps.length,
      choose: go,
      changed: () => ask(),
      signal,
    });
    const row = h("div", { className: "cw-row" }, button, track.root);
    ui.body.append(row);
    helping(ui, ["step", "epoch", "accuracy"], [...SLIDER_KEYS, ["Space", "on the slider: play, pause"]], signal);
    const rows = () => ({ columns: ["step", "accuracy", "of"], rows: rowsOf(now()) });
    const table = twin("accuracy at each recorded step", rows, signal);
    ui.root.append(table.root);
    showErrors(ui.root, ui.alert, [model, state], signal);
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      toggle();
    };
    track.slider.addEventListener("keydown", key, { signal });

    const paint = () => {
      const { steps, accuracies, tested, at } = now();
      say(ui.title, "Training time");
      for (const part of [row, table.root]) part.hidden = !steps.length;
      if (!steps.length) return say(ui.line, "No recorded training: give the microscope a history.");
      const words = inWords(steps, accuracies, at, tested);
      say(ui.line, steps.length > 1 ? `${words}; drag back to see how it learned` : words);
      say(button, plays() ? "❚❚ Pause" : "▶ Play");
      const told = plays() ? `playing from ${words}` : words;
      track.show(at, words, "accuracy at each recorded step; the table below has the numbers", told);
      const heights = accuracies.map((accuracy) => accuracy ?? 0);
      track.paint(heights, at);
      table.refresh();
    };
    const ask = follow([model, state], ["step", "steps", "accuracies", "tested"], paint, signal);
  },
};
