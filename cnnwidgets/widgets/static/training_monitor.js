// @ts-check
// TrainingMonitor: the controls of a training, its progress, and the curves of loss and accuracy.

import { card, count, follow, h, put, read, say, segments, showErrors, stateOf, twin } from "./kit.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
import { mount } from "./mount.js";
import { labelled, settings, transport } from "./training_controls.js";
import { inWords, readOut, rowsOf } from "./training_words.js";
import { nearest } from "./moments.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {number | null} step
 * @property {number[]} steps
 * @property {(number | null)[]} accuracies
 * @property {boolean[]} tested
 * @property {1 | 10 | 50 | 200} window
 * @property {boolean} log_loss
 * @property {boolean} own_loop
 * @property {"playing" | "paused" | "finished" | "failed" | "stopped" | ""} status
 * @property {string} problem
 * @property {number} steps_done
 * @property {number} steps_total
 * @property {number} epoch
 * @property {number} epochs
 * @property {number} epoch_share
 * @property {number} images_per_second
 * @property {number} seconds_left
 * @property {string} phase
 * @property {boolean} measuring
 * @property {number} learning_rate
 * @property {number} batch_size
 * @property {string} optimizer
 * @property {string} schedule
 * @property {number} averaged
 * @property {import("./kit.js").Wire | null} curve_first
 * @property {import("./kit.js").Wire | null} curve_steps
 * @property {import("./kit.js").Wire | null} curve_loss
 * @property {import("./kit.js").Wire | null} curve_accuracy
 * @property {import("./kit.js").Wire | null} test_steps
 * @property {import("./kit.js").Wire | null} test_loss
 * @property {import("./kit.js").Wire | null} test_accuracy
 * @property {string | null} loss_figure
 * @property {string | null} accuracy_figure
 */

const PADDING = Math.sqrt(24) / 2 + 1; // px beside a curve that bqplot keeps for its markers, of size 24
const MARGIN = { left: 52 + PADDING, right: 12 + PADDING }; // beside the curves, in px: as Python makes the figures
const SHORTEST = 10; // steps of the axis at least, as in Python
const WINDOWS = ["1", "10", "50", "200"].map((steps) => /** @type {[string, string]} */ ([steps, steps]));
const COLUMNS = ["step", "training loss", "training accuracy", "mean of steps", "test loss", "test accuracy"];

/** @type {import("./help.js").Keys} */
const KEYS = [
  ["Space", "train, pause"],
  ["→", "one step"],
  [".", "a quarter of a step: forward, loss, backward, update"],
  ["Esc", "keep the steps that a button would forget"],
  ["on a curve: arrows, Home, End", "to the recorded moment before, the next, the first, the last"],
];

/**
 * A figure under a cursor that is the time slider. @param {string} name
 * @param {{last(): number, choose(step: number): void, move(by: number | "first" | "last"): void}} time
 * @param {AbortSignal} signal
 */
function curve(name, time, signal) {
  const slot = h("div", { className: "cw-figure", "aria-hidden": "true" });
  const line = h("div", { className: "cw-cursor" });
  const roles = { role: "slider", tabIndex: 0, "aria-label": `step on the curve of ${name}`, "aria-valuemin": 0 };
  const over = h("div", { className: "cw-over", ...roles }, line);
  const at = (/** @type {PointerEvent} */ event) => {
    const edges = over.getBoundingClientRect();
    const share = (event.clientX - edges.left - MARGIN.left) / Math.max(1, edges.width - MARGIN.left - MARGIN.right);
    time.choose(Math.round(Math.min(1, Math.max(0, share)) * time.last()));
  };
  const down = (/** @type {PointerEvent} */ event) => {
    over.setPointerCapture(event.pointerId);
    at(event);
  };
  const moves = (/** @type {PointerEvent} */ event) => over.hasPointerCapture(event.pointerId) && at(event);
  const small = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
  /** @type {Record<string, number | "first" | "last">} */
  const steps = { ...small, PageDown: -10, PageUp: 10, Home: "first", End: "last" };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    time.move(steps[event.key]);
  };
  over.addEventListener("pointerdown", down, { signal });
  over.addEventListener("pointermove", moves, { signal });
  over.addEventListener("keydown", keys, { signal });
  const show = (/** @type {number | null} */ step, /** @type {string} */ words) => {
    const share = Math.min(1, (step ?? 0) / Math.max(1, time.last()));
    line.hidden = step === null;
    line.style.left = `calc(${MARGIN.left}px + (100% - ${MARGIN.left + MARGIN.right}px) * ${share})`;
    over.setAttribute("aria-valuemax", String(time.last()));
    over.setAttribute("aria-valuenow", String(step ?? 0));
    over.setAttribute("aria-valuetext", words);
  };
  return { root: h("div", { className: "cw-curve" }, slot, over), slot, show };
}

/** How far this epoch and the whole run are. */
function progress() {
  const bar = (/** @type {string} */ label) => h("progress", { className: "cw-progress", max: 1, "aria-label": label });
  const [epoch, run] = [bar("this epoch"), bar("the whole run")];
  const root = h("div", { className: "cw-progress-bars" }, labelled("epoch", epoch), labelled("run", run));
  const show = (/** @type {State} */ now) => {
    epoch.value = now.epoch_share;
    run.value = now.steps_total ? now.steps_done / now.steps_total : 0;
  };
  return { root, show };
}

/**
 * What the curves show: their key, and the choice of means and of a scale.
 * @param {import("./kit.js").Model} model @param {AbortSignal} signal
 */
function curveChoices(model, signal) {
  const train = h("span", { className: "cw-key-train", textContent: "training" });
  const test = h("span", { className: "cw-key-test", textContent: "test" });
  const mean = h("span");
  const key = h("p", { className: "cw-key" }, train, test, mean);
  const widen = (/** @type {string} */ value) => put(model, { window: Number(value) });
  const window = segments("steps that a point is the mean of, at least", WINDOWS, widen, signal);
  const log = h("input", { type: "checkbox" });
  log.addEventListener("change", () => put(model, { log_loss: log.checked }), { signal });
  const means = h("div", { className: "cw-setting" }, "mean of at least", window.root, "steps");
  const scale = h("label", { className: "cw-setting cw-check" }, log, h("span", { textContent: "log loss" }));
  const root = h("div", { className: "cw-foot" }, means, scale);
  const show = (/** @type {State} */ now) => {
    const steps = count(now.averaged);
    say(mean, now.averaged > 1 ? `each training point the mean of ${steps} steps` : "each step");
    window.mark(String(now.window));
    log.checked = now.log_loss;
  };
  return { key, root, show };
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "training");
    const part = (/** @type {string} */ kind) => ({
      steps: read(model.get(`${kind}_steps`))?.data ?? [],
      loss: read(model.get(`${kind}_loss`))?.data ?? [],
      accuracy: read(model.get(`${kind}_accuracy`))?.data ?? [],
    });
    const train = () => ({ ...part("curve"), first: read(model.get("curve_first"))?.data ?? [] });
    const last = () => Math.max(SHORTEST, ...["curve", "test"].map((kind) => part(kind).steps.at(-1) ?? 0));
    const steps = () => /** @type {number[]} */ (state.get("steps"));
    const go = (/** @type {number} */ at) =>
      put(state, { step: steps()[Math.min(steps().length - 1, Math.max(0, at))] });
    const time = {
      last,
      choose: (/** @type {number} */ step) => steps().length && go(nearest(steps(), step)),
      move: (/** @type {number | "first" | "last"} */ by) => {
        if (!steps().length) return;
        go(by === "first" ? 0 : by === "last" ? steps().length - 1 : nearest(steps(), state.get("step")) + by);
      },
    };
    const tell = showErrors(ui.root, ui.alert, [model, state], signal);
    const buttons = transport(model, () => state.get("step") ?? 0, signal);
    const values = settings(model, tell, signal);
    const bars = progress();
    const choices = curveChoices(model, signal);
    const loss = curve("loss", time, signal);
    const accuracy = curve("accuracy", time, signal);
    const readout = h("output", { className: "cw-readout" });
    const problem = h("p", { className: "cw-error", role: "alert", hidden: true });
    const curves = [choices.key, loss.root, accuracy.root, readout, choices.root];
    ui.body.append(buttons.root, bars.root, problem, ...curves, values.root);
    helping(ui, ["step", "batch", "epoch", "loss", "nat", "accuracy", "learning rate"], KEYS, signal);
    saving(ui, signal);
    const rows = () => ({ columns: COLUMNS, rows: rowsOf(train(), part("test")) });
    const table = twin("loss and accuracy", rows, signal);
    ui.root.append(table.root);
    ui.root.addEventListener("keydown", buttons.keys, { signal });

    const paint = () => {
      const now = /** @type {any} */ (new Proxy({}, { get: (_, name) => model.get(String(name)) }));
      say(ui.title, "Training");
      say(ui.line, inWords(now));
      for (const node of [buttons.root, bars.root, values.root]) node.hidden = now.own_loop;
      buttons.show();
      values.show();
      for (const each of [bars, choices]) each.show(now);
      problem.hidden = !now.problem;
      say(problem, now.problem);
      const step = state.get("step");
      const words = readOut(step ?? last(), train(), part("test"));
      say(readout, words);
      for (const each of [loss, accuracy]) each.show(step, words);
      table.refresh();
    };
    const names = [
      "status", "problem", "steps_done", "steps_total", "epoch", "epochs", "epoch_share", "images_per_second",
      "seconds_left", "phase", "measuring", "learning_rate", "batch_size", "optimizer", "schedule", "averaged",
      "curve_steps", "test_steps", "window", "log_loss", "step", "steps",
    ];
    follow([model, state], names, paint, signal);
    for (const [name, each] of Object.entries({ loss, accuracy }))
      mount(model, model.get(`${name}_figure`), each.slot, signal).then((shown) => (each.root.hidden = !shown));
  },
};
