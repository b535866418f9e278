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

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "time");
    const play = h("button", { type: "button", className: "cw-press cw-play" });
    const track = markedSlider({
      label: "training step",
      height: HEIGHT,
      places: () => now().steps.length,
      choose: (at) => go(at),
      changed: () => ask(),
      signal,
    });
    const row = h("div", { className: "cw-row" }, play, track.root);
    ui.body.append(row);
    helping(ui, ["step", "epoch", "accuracy"], [...SLIDER_KEYS, ["Space", "on the slider: play, pause"]], signal);
    const now = () => {
      const steps = /** @type {number[]} */ (state.get("steps"));
      const accuracies = /** @type {(number | null)[]} */ (state.get("accuracies"));
      return { steps, accuracies, tested: /** @type {boolean[]} */ (state.get("tested")), at: nearest(steps, state.get("step")) };
    };
    const table = twin(
      "accuracy at each recorded step",
      () => {
        const { steps, accuracies, tested } = now();
        const cells = (/** @type {number} */ i) => {
          const accuracy = accuracies[i] ?? null;
          return accuracy === null ? [] : [share(accuracy), tested[i] === false ? "latest batches" : "test images"];
        };
        return { columns: ["step", "accuracy", "of"], rows: steps.map((step, i) => ({ name: count(step), cells: cells(i) })) };
      },
      signal,
    );
    ui.root.append(table.root);
    showErrors(ui.root, ui.alert, [model, state], signal);

    /** @type {ReturnType<typeof setInterval> | undefined} */
    let timer;
    const stop = () => {
      track.announce();
      clearInterval(timer);
      timer = undefined;
      paint();
    };
    const go = (/** @type {number} */ at) => put(state, { step: now().steps[at] });
    const advance = () => {
      const { steps, at } = now();
      if (at + 1 >= steps.length) return stop();
      go(at + 1);
    };
    const toggle = () => {
      if (timer !== undefined) return stop();
      const { steps, at } = now();
      if (at + 1 >= steps.length) go(0);
      timer = setInterval(advance, FRAME_MS);
      track.announce();
      paint();
    };
    signal.addEventListener("abort", () => clearInterval(timer));
    play.addEventListener("click", toggle, { signal });
    track.slider.addEventListener(
      "keydown",
      (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== " ") return;
        event.preventDefault();
        toggle();
      },
      { signal },
    );

    const paint = () => {
      const { steps, accuracies, tested, at } = now();
      say(ui.title, "Training time");
      for (const part of [row, table.root]) part.hidden = !steps.length;
      if (!steps.length) return say(ui.line, "No recorded training: give the microscope a history.");
      const words = inWords(steps, accuracies, at, tested);
      say(ui.line, steps.length > 1 ? `${words}; drag back to see how it learned` : words);
      say(play, timer === undefined ? "▶ Play" : "❚❚ Pause");
      const told = timer === undefined ? words : `playing from ${words}`;
      track.show(at, words, "accuracy at each recorded step; the table below has the numbers", told);
      track.paint(accuracies.map((accuracy) => accuracy ?? 0), at);
      table.refresh();
    };
    const ask = follow([model, state], ["step", "steps", "accuracies", "tested"], paint, signal);
  },
};
