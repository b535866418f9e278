// @ts-check
// KernelEditor: the selected kernel as a grid of numbers to be changed, and the edits made so far.

import { card, count, follow, h, number, read, say, showErrors, times, twin } from "./kit.js";
import { undoPart } from "./buttons.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
import { legend } from "./legend.js";
import { kernelGrid } from "./kernel_grid.js";
import { drafting } from "./kernel_draft.js";
import { biasPart, editsPart, inputPart, presets, revertPart, weightPart } from "./kernel_controls.js";
import { refusal } from "./value_box.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {number} input
 * @property {object | null} draft
 * @property {number} taken
 * @property {string} owner
 * @property {number} filter
 * @property {number} inputs
 * @property {import("./kit.js").Wire | null} values
 * @property {import("./kit.js").Wire | null} original
 * @property {number | string | null} bias a word where it is not finite
 * @property {number | string | null} original_bias
 * @property {number} limit
 * @property {string[]} edits
 * @property {string} code
 * @property {boolean} can_undo
 * @property {boolean} can_redo
 * @property {boolean} can_train
 */

/** @type {import("./help.js").Keys} */
const KEYS = [
  ["arrows", "to the weight beside it, above or below"],
  ["Home, End", "to the first, the last of its row; with Ctrl of all"],
  ["Shift + up, down", "a little more, a little less; so does the wheel"],
  ["Page up, Page down", "ten times as much"],
  ["digits, −, Enter", "type a number; Enter takes it, Esc does not"],
  ["Delete", "zero"],
  ["Esc", "what the weight was"],
  ["drag", "paints the first weight over others"],
  ["Ctrl + Z, Ctrl + Y", "undo, redo"],
];

/**
 * How much a kernel was changed, in words.
 * @param {ArrayLike<number>} values @param {ArrayLike<number>} original
 */
export function changeInWords(values, original) {
  const sizes = Array.from(values, (value, at) => Math.abs(value - original[at]));
  const changed = sizes.filter((size) => size > 0).length;
  if (!changed) return "No weight is changed.";
  return `${count(changed)} of ${count(sizes.length)} weights changed, by ${number(Math.max(...sizes), 3)} at most.`;
}

/** Which kernel is seen. @param {import("./kit.js").Model} model */
function titleOf(model) {
  if (!model.get("owner")) return "Kernel editor";
  const input = model.get("inputs") > 1 ? ` · input channel ${model.get("input")}` : "";
  return `${model.get("owner")} · filter ${model.get("filter")}${input}`;
}

/** Why no kernel is seen. @param {string} owner the layer that has one, if any */
const noKernel = (owner) =>
  owner
    ? "This kernel is too large for a grid; change it from Python."
    : "This layer has no kernels. Choose a convolution, or a layer that works on one.";

/** The kernel as a table. @param {import("./kit.js").Model} model */
function tableOf(model) {
  const [now, original] = [read(model.get("values")), read(model.get("original"))];
  if (!now || !original) return { columns: [], rows: [] };
  const rows = Array.from(now.data, (value, at) => ({
    name: `${Math.floor(at / now.shape[1])}, ${at % now.shape[1]}`,
    cells: [number(value), number(original.data[at]), number(value - original.data[at])],
  }));
  return { columns: ["row, column", "weight", "original", "difference"], rows };
}

const TRAITS = [
  "values", "original", "taken", "owner", "filter", "input", "inputs", "bias", "original_bias", "limit",
  "edits", "code", "can_undo", "can_redo", "can_train", "error",
];

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal }) {
    const ui = card(el, "kernel");
    const draft = drafting(model);
    const wrong = refusal();
    const grid = kernelGrid({
      signal,
      change: (values, gesture) => {
        draft.send(Float32Array.from(values), null, gesture);
        wrong.show("");
        again();
      },
      type: (first) => weight.type(first),
      moved: () => weight.show(),
    });
    const weight = weightPart(grid, wrong.show, signal);
    const bias = biasPart(model, draft, wrong.show, signal);
    const input = inputPart(model, signal);
    const revert = revertPart(model, signal);
    const undo = undoPart(model, signal, [weight.box, bias.box]);
    const edits = editsPart(model, (text) => say(weight.readout, text), signal);
    const scale = legend();
    const table = twin("weights of the kernel", () => tableOf(model), signal);
    const empty = h("p", { className: "cw-empty" });
    const controls = [weight.root, bias.root, wrong.root, input.root, presets(model, signal), revert.root];
    const side = h("div", { className: "cw-kernel-side" }, ...controls);
    const scroll = h("div", { className: "cw-kernel-scroll" }, grid.root);
    const main = h("div", { className: "cw-kernel-main" }, scroll, side);
    ui.tools.append(...undo.buttons);
    ui.body.append(empty, main);
    ui.foot.append(scale.root, weight.readout);
    ui.root.append(edits.root, table.root);
    ui.root.addEventListener("keydown", undo.keys, { signal });
    helping(ui, ["kernel", "weight", "filter", "bias", "accuracy"], KEYS, signal);
    saving(ui, signal);
    showErrors(ui.root, ui.alert, [model], signal);

    const paint = () => {
      draft.settle();
      const [now, original] = [draft.values(), read(model.get("original"))];
      const can = Boolean(now && original);
      for (const part of [main, ui.foot, table.root]) part.hidden = !can;
      empty.hidden = can;
      for (const part of [undo, revert, edits]) part.show();
      say(ui.title, titleOf(model));
      if (!now || !original) {
        say(empty, noKernel(model.get("owner")));
        return say(ui.line, "");
      }
      const limit = model.get("limit");
      const high = Math.max(limit, ...Array.from(now, Math.abs));
      say(ui.line, `${times(original.shape)} weights. ${changeInWords(now, original.data)}`);
      grid.root.setAttribute("aria-label", `kernel: ${ui.title.textContent}`);
      grid.show(now, original.data, original.shape, limit);
      scale.show("diverging", { low: -high, high, bad: 0, signed: true }, "whole layer");
      for (const part of [bias, input, weight]) part.show();
      table.refresh();
    };
    const again = follow([model], TRAITS, paint, signal);
  },
};
