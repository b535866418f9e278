// @ts-check
// KernelEditor: the selected kernel as a grid of numbers to be changed, and the edits made so far.

import { allow, card, count, follow, h, number, numberBox, put, read, say, showErrors, times, twin } from "./kit.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
import { legend } from "./legend.js";
import { kernelGrid } from "./kernel_grid.js";
import { editList } from "./edit_list.js";
import { noNumber, parsed } from "./typed.js";

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

const PRESETS = ["identity", "blur", "sharpen", "sobel x", "sobel y", "laplacian", "random", "zeros", "flip", "negate", "original"];

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

/** How much a kernel was changed, in words. @param {ArrayLike<number>} values @param {ArrayLike<number>} original */
export function changeInWords(values, original) {
  const sizes = Array.from(values, (value, at) => Math.abs(value - original[at]));
  const changed = sizes.filter((size) => size > 0).length;
  if (!changed) return "No weight is changed.";
  return `${count(changed)} of ${count(sizes.length)} weights changed, by ${number(Math.max(...sizes), 3)} at most.`;
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal }) {
    const ui = card(el, "kernel");
    const button = (/** @type {string} */ text, /** @type {() => void} */ act, label = text) => {
      const made = h("button", { type: "button", className: "cw-press", textContent: text, "aria-label": label });
      made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && act(), { signal });
      return made;
    };
    const ask = (/** @type {string} */ wish, rest = {}) => model.send({ do: wish, ...rest });

    // What was asked for and not yet confirmed: the next nudge starts from it.
    /** @type {{serial: number, values: Float32Array | null, bias: number | null} | null} */
    let asked = null;
    let serials = 0;
    const draft = (/** @type {Float32Array | null} */ values, /** @type {number | null} */ bias, /** @type {number} */ gesture) => {
      serials = Math.max(serials + 1, Math.round(performance.timeOrigin + performance.now()));
      asked = { serial: serials, values, bias };
      refuse("");
      const kernel = { layer: model.get("owner"), filter: model.get("filter"), input: model.get("input") };
      put(model, { draft: { ...kernel, values: values && [...values], bias, gesture, serial: serials } });
    };
    const grid = kernelGrid({
      signal,
      change: (values, gesture) => {
        draft(Float32Array.from(values), null, gesture);
        again();
      },
      type: (first) => {
        weight.show();
        weight.box.focus();
        if (first) weight.box.value = first;
        else weight.box.select();
      },
      moved: () => tell(),
    });

    const wrong = h("p", { className: "cw-error", role: "alert", hidden: true });
    const refuse = (/** @type {string} */ text) => {
      say(wrong, text && noNumber(text, "0.25"));
      wrong.hidden = !text;
    };
    /** A box for a number that Enter, or leaving it, hands over, and Esc does not. @param {() => number | null} current @param {(value: number) => void} choose @param {() => void} [done] */
    const valueBox = (current, choose, done) => {
      const box = h("input", { type: "text", inputMode: "decimal", className: "cw-number", autocomplete: "off" });
      let shown = "";
      const show = () => {
        const value = current();
        box.value = shown = value === null ? "" : number(value, 6);
        box.setAttribute("aria-invalid", "false");
      };
      const take = () => {
        if (box.value === shown || !box.value.trim()) return true;
        const value = parsed(box.value);
        box.setAttribute("aria-invalid", String(value === null));
        refuse(value === null ? box.value : "");
        if (value !== null) choose(value);
        return value !== null;
      };
      const key = (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        if (event.key === "Escape") refuse("");
        else if (!take()) return; // to be mended
        show();
        done?.();
      };
      const leave = () => {
        take();
        show();
      };
      box.addEventListener("keydown", key, { signal });
      box.addEventListener("blur", leave, { signal });
      box.addEventListener("input", () => refuse(""), { signal });
      return { box, show: () => document.activeElement !== box && show() };
    };
    const weight = valueBox(() => grid.now()?.value ?? null, (value) => grid.set(value), () => grid.focus());
    const place = h("span");
    const boxLabel = h("label", { className: "cw-setting" }, place, weight.box);
    const less = button("−", () => grid.nudge(-1), "less");
    const more = button("+", () => grid.nudge(1), "more");

    const biasIn = (/** @type {string} */ name) => (model.get(name) === null ? null : Number(model.get(name)));
    const bias = valueBox(() => asked?.bias ?? biasIn("bias"), (value) => draft(null, value, Date.now()));
    const wasBias = h("span", { className: "cw-note" });
    const biasLabel = h("label", { className: "cw-setting" }, h("span", { textContent: "bias" }), bias.box, wasBias);

    const input = numberBox({ label: "input channel", current: () => model.get("input"), choose: (value) => put(model, { input: value }), signal });
    const channel = h("label", { className: "cw-setting" }, h("span", { textContent: "input channel" }), input.box);
    const presets = h("div", { className: "cw-presets", role: "group", "aria-label": "presets" }, ...PRESETS.map((name) => button(name, () => ask("preset", { name }))));
    const undo = button("undo", () => ask("undo"));
    const redo = button("redo", () => ask("redo"));
    const revert = button("revert kernel", () => ask("revert"));
    const revertAll = button("revert all", () => ask("revert_all"));
    const train = button("train on from here", () => {
      handed = true;
      ask("train_on");
    });
    train.title = "give these weights to the training, and let it go on";
    let [handed, hadEdits] = [false, false]; // whether the edits that went were given to the training
    const scale = legend();
    const readout = h("output", { className: "cw-readout" });
    const edits = editList(model, (text) => say(readout, text), signal);
    const empty = h("p", { className: "cw-empty" });
    const values = () => asked?.values ?? read(model.get("values"))?.data ?? null;

    const table = twin(
      "weights of the kernel",
      () => {
        const [now, original] = [read(model.get("values")), read(model.get("original"))];
        if (!now || !original) return { columns: [], rows: [] };
        const rows = Array.from(now.data, (value, at) => ({
          name: `${Math.floor(at / now.shape[1])}, ${at % now.shape[1]}`,
          cells: [number(value), number(original.data[at]), number(value - original.data[at])],
        }));
        return { columns: ["row, column", "weight", "original", "difference"], rows };
      },
      signal,
    );

    const tell = () => {
      const now = grid.now();
      if (!now) return;
      const { row, column, value, original, step } = now;
      weight.show();
      say(place, `row ${row}, column ${column}`);
      weight.box.setAttribute("aria-label", `weight at row ${row}, column ${column}`);
      const was = value === original ? "as it was" : `was ${number(original, 4)}, ${value > original ? "+" : ""}${number(value - original, 3)}`;
      say(readout, `row ${row} · column ${column} · ${number(value, 4)} · ${was} · nudge ${number(step)}`);
    };
    const history = (/** @type {KeyboardEvent} */ event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target === weight.box || event.target === bias.box) return;
      const letter = event.key.toLowerCase();
      const wish = letter === "y" || (letter === "z" && event.shiftKey) ? "redo" : letter === "z" ? "undo" : "";
      if (!wish) return;
      event.preventDefault();
      event.stopPropagation();
      if (model.get(`can_${wish}`)) ask(wish);
    };
    ui.root.addEventListener("keydown", history, { signal });

    ui.tools.append(undo, redo);
    const side = h("div", { className: "cw-kernel-side" }, h("div", { className: "cw-setting" }, boxLabel, less, more), biasLabel, wrong, channel, presets, h("div", { className: "cw-tools" }, revert, revertAll));
    const main = h("div", { className: "cw-kernel-main" }, h("div", { className: "cw-kernel-scroll" }, grid.root), side);
    const acts = h("div", { className: "cw-tools" }, ...edits.buttons, train);
    ui.body.append(empty, main);
    ui.foot.append(scale.root, readout);
    ui.root.append(h("div", { className: "cw-kernel-edits" }, edits.none, edits.list, acts, edits.lines), table.root);
    helping(ui, ["kernel", "weight", "filter", "bias", "accuracy"], KEYS, signal);
    saving(ui, signal);
    showErrors(ui.root, ui.alert, [model], signal);

    const paint = () => {
      if (asked && (model.get("taken") === asked.serial || model.get("error"))) asked = null;
      const [owner, now, original] = [model.get("owner"), values(), read(model.get("original"))];
      const can = Boolean(now && original);
      for (const part of [main, ui.foot, table.root]) part.hidden = !can;
      empty.hidden = can;
      allow(undo, model.get("can_undo"));
      allow(redo, model.get("can_redo"));
      train.hidden = !model.get("can_train");
      const hasEdits = model.get("edits").length > 0;
      if ((hasEdits && !hadEdits) || model.get("error")) handed = false;
      hadEdits = hasEdits;
      for (const act of [revertAll, train]) allow(act, hasEdits);
      edits.show();
      say(edits.none, handed ? "No edits: your weights went into the training." : "No edits: the network has its own weights.");
      say(ui.title, owner ? `${owner} · filter ${model.get("filter")}${model.get("inputs") > 1 ? ` · input channel ${model.get("input")}` : ""}` : "Kernel editor");
      if (!now || !original) {
        say(empty, owner ? "This kernel is too large for a grid; change it from Python." : "This layer has no kernels. Choose a convolution, or a layer that works on one.");
        return say(ui.line, "");
      }
      const limit = model.get("limit");
      const high = Math.max(limit, ...Array.from(now, Math.abs));
      say(ui.line, `${times(original.shape)} weights. ${changeInWords(now, original.data)}`);
      grid.root.setAttribute("aria-label", `kernel: ${ui.title.textContent}`);
      grid.show(now, original.data, original.shape, limit);
      scale.show("diverging", { low: -high, high, bad: 0, signed: true }, "whole layer");
      const was = biasIn("original_bias");
      biasLabel.hidden = was === null;
      bias.show();
      say(wasBias, was === null || Object.is(biasIn("bias"), was) ? "" : `was ${number(was, 4)}`);
      channel.hidden = model.get("inputs") < 2;
      input.box.max = Math.max(0, model.get("inputs") - 1);
      input.show();
      tell();
      table.refresh();
    };
    const traits = ["values", "original", "taken", "owner", "filter", "input", "inputs", "bias", "original_bias", "limit", "edits", "code", "can_undo", "can_redo", "can_train", "error"];
    const again = follow([model], traits, paint, signal);
  },
};
