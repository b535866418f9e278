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
const WINDOWS = /** @type {[string, string][]} */ ([["1", "1"], ["10", "10"], ["50", "50"], ["200", "200"]]);

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
  const over = h("div", { className: "cw-over", role: "slider", tabIndex: 0, "aria-label": `step on the curve of ${name}`, "aria-valuemin": 0 }, line);
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
  /** @type {Record<string, number | "first" | "last">} */
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: "first", End: "last" };
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
    const last = () => Math.max(SHORTEST, ...["curve", "test"].map((kind) => /** @type {number} */ (part(kind).steps[part(kind).steps.length - 1] ?? 0)));
    const steps = () => /** @type {number[]} */ (state.get("steps"));
    const go = (/** @type {number} */ at) => put(state, { step: steps()[Math.min(steps().length - 1, Math.max(0, at))] });
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
    const bar = (/** @type {string} */ label) => h("progress", { className: "cw-progress", max: 1, "aria-label": label });
    const [epochBar, runBar] = [bar("this epoch"), bar("the whole run")];
    const bars = h("div", { className: "cw-progress-bars" }, labelled("epoch", epochBar), labelled("run", runBar));
    const loss = curve("loss", time, signal);
    const accuracy = curve("accuracy", time, signal);
    const key = h("p", { className: "cw-key" }, h("span", { className: "cw-key-train", textContent: "training" }), h("span", { className: "cw-key-test", textContent: "test" }), h("span"));
    const window = segments("steps that a point is the mean of, at least", WINDOWS, (value) => put(model, { window: Number(value) }), signal);
    const log = h("input", { type: "checkbox" });
    log.addEventListener("change", () => put(model, { log_loss: log.checked }), { signal });
    const readout = h("output", { className: "cw-readout" });
    const problem = h("p", { className: "cw-error", role: "alert", hidden: true });
    const tools = h("div", { className: "cw-foot" }, h("div", { className: "cw-setting" }, "mean of at least", window.root, "steps"), h("label", { className: "cw-setting cw-check" }, log, h("span", { textContent: "log loss" })));
    ui.body.append(buttons.root, bars, problem, key, loss.root, accuracy.root, readout, tools, values.root);
    helping(ui, ["step", "batch", "epoch", "loss", "nat", "accuracy", "learning rate"], KEYS, signal);
    saving(ui, signal);
    const table = twin(
      "loss and accuracy",
      () => ({ columns: ["step", "training loss", "training accuracy", "mean of steps", "test loss", "test accuracy"], rows: rowsOf(train(), part("test")) }),
      signal,
    );
    ui.root.append(table.root);
    ui.root.addEventListener("keydown", buttons.keys, { signal });

    const paint = () => {
      const now = /** @type {any} */ (new Proxy({}, { get: (_, name) => model.get(String(name)) }));
      say(ui.title, "Training");
      say(ui.line, inWords(now));
      for (const node of [buttons.root, bars, values.root]) node.hidden = now.own_loop;
      buttons.show();
      values.show();
      epochBar.value = now.epoch_share;
      runBar.value = now.steps_total ? now.steps_done / now.steps_total : 0;
      problem.hidden = !now.problem;
      say(problem, now.problem);
      say(key.lastElementChild, now.averaged > 1 ? `each training point the mean of ${count(now.averaged)} steps` : "each step");
      window.mark(String(now.window));
      log.checked = now.log_loss;
      const step = state.get("step");
      const words = readOut(step ?? last(), train(), part("test"));
      say(readout, words);
      for (const each of [loss, accuracy]) each.show(step, words);
      table.refresh();
    };
    const names = ["status", "problem", "steps_done", "steps_total", "epoch", "epochs", "epoch_share", "images_per_second", "seconds_left", "phase", "measuring", "learning_rate", "batch_size", "optimizer", "schedule", "averaged", "curve_steps", "test_steps", "window", "log_loss", "step", "steps"];
    follow([model, state], names, paint, signal);
    for (const [each, ref] of /** @type {[typeof loss, string][]} */ ([[loss, "loss_figure"], [accuracy, "accuracy_figure"]]))
      mount(model, model.get(ref), each.slot, signal).then((shown) => (each.root.hidden = !shown));
  },
};
