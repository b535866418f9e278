// @ts-check
// The controls beside the grid of a kernel: the weight and the bias as numbers, what is asked of Python, the edits.

import { allow, h, number, numberBox, put, say } from "./kit.js";
import { press } from "./buttons.js";
import { editList } from "./edit_list.js";
import { biasIn } from "./kernel_draft.js";
import { valueBox } from "./value_box.js";

/**
 * @typedef {import("./kit.js").Model} Model
 * @typedef {ReturnType<typeof import("./kernel_draft.js").drafting>} Draft
 */

const PRESETS = [
  "identity", "blur", "sharpen", "sobel x", "sobel y", "laplacian",
  "random", "zeros", "flip", "negate", "original",
];

/** @param {Model} model @param {string} wish @param {object} [rest] */
const ask = (model, wish, rest = {}) => model.send({ do: wish, ...rest });

/**
 * The selected weight: a box for its number, buttons that nudge it, and what it was.
 * @param {ReturnType<typeof import("./kernel_grid.js").kernelGrid>} grid
 * @param {(text: string) => void} refuse @param {AbortSignal} signal
 */
export function weightPart(grid, refuse, signal) {
  const options = { current: () => grid.now()?.value ?? null, choose: grid.set, done: grid.focus };
  const { box, show: showBox } = valueBox({ ...options, refuse, signal });
  const place = h("span");
  const label = h("label", { className: "cw-setting" }, place, box);
  const nudges = [
    press("−", () => grid.nudge(-1), signal, "less"),
    press("+", () => grid.nudge(1), signal, "more"),
  ];
  const readout = h("output", { className: "cw-readout" });
  /** Begins a number by hand, with its first letter if that was typed already. @param {string} first */
  const type = (first) => {
    showBox();
    box.focus();
    if (first) box.value = first;
    else box.select();
  };
  const show = () => {
    const now = grid.now();
    if (!now) return;
    const { row, column, value, original, step } = now;
    showBox();
    say(place, `row ${row}, column ${column}`);
    box.setAttribute("aria-label", `weight at row ${row}, column ${column}`);
    const change = `${value > original ? "+" : ""}${number(value - original, 3)}`;
    const was = value === original ? "as it was" : `was ${number(original, 4)}, ${change}`;
    say(readout, `row ${row} · column ${column} · ${number(value, 4)} · ${was} · nudge ${number(step)}`);
  };
  return { root: h("div", { className: "cw-setting" }, label, ...nudges), box, readout, type, show };
}

/**
 * The bias of the filter, where it has one.
 * @param {Model} model @param {Draft} draft @param {(text: string) => void} refuse @param {AbortSignal} signal
 */
export function biasPart(model, draft, refuse, signal) {
  const choose = (/** @type {number} */ value) => draft.send(null, value, Date.now());
  const { box, show: showBox } = valueBox({ current: draft.bias, choose, refuse, signal });
  const note = h("span", { className: "cw-note" });
  const root = h("label", { className: "cw-setting" }, h("span", { textContent: "bias" }), box, note);
  const show = () => {
    const was = biasIn(model, "original_bias");
    root.hidden = was === null;
    showBox();
    say(note, was === null || Object.is(biasIn(model, "bias"), was) ? "" : `was ${number(was, 4)}`);
  };
  return { root, box, show };
}

/** Which of the filter's kernels is seen, where it has several. @param {Model} model @param {AbortSignal} signal */
export function inputPart(model, signal) {
  const choose = (/** @type {number} */ value) => put(model, { input: value });
  const input = numberBox({ label: "input channel", current: () => model.get("input"), choose, signal });
  const root = h("label", { className: "cw-setting" }, h("span", { textContent: "input channel" }), input.box);
  const show = () => {
    root.hidden = model.get("inputs") < 2;
    input.box.max = Math.max(0, model.get("inputs") - 1);
    input.show();
  };
  return { root, show };
}

/** Kernels to begin from. @param {Model} model @param {AbortSignal} signal */
export function presets(model, signal) {
  const buttons = PRESETS.map((name) => press(name, () => ask(model, "preset", { name }), signal));
  return h("div", { className: "cw-presets", role: "group", "aria-label": "presets" }, ...buttons);
}

/** The way back to what the network had. @param {Model} model @param {AbortSignal} signal */
export function revertPart(model, signal) {
  const one = press("revert kernel", () => ask(model, "revert"), signal);
  const all = press("revert all", () => ask(model, "revert_all"), signal);
  const show = () => allow(all, model.get("edits").length > 0);
  return { root: h("div", { className: "cw-tools" }, one, all), show };
}

/**
 * The edits made so far, and the button that gives them to the training.
 * @param {Model} model @param {(text: string) => void} tell @param {AbortSignal} signal
 */
export function editsPart(model, tell, signal) {
  let [handed, hadEdits] = [false, false]; // whether the edits that went were given to the training
  const hand = () => {
    handed = true;
    ask(model, "train_on");
  };
  const train = press("train on from here", hand, signal);
  train.title = "give these weights to the training, and let it go on";
  const { list, none, lines, buttons, show: showList } = editList(model, tell, signal);
  const acts = h("div", { className: "cw-tools" }, ...buttons, train);
  const show = () => {
    const hasEdits = model.get("edits").length > 0;
    if ((hasEdits && !hadEdits) || model.get("error")) handed = false;
    hadEdits = hasEdits;
    train.hidden = !model.get("can_train");
    allow(train, hasEdits);
    showList();
    say(none, `No edits: ${handed ? "your weights went into the training" : "the network has its own weights"}.`);
  };
  return { root: h("div", { className: "cw-kernel-edits" }, none, list, acts, lines), show };
}
