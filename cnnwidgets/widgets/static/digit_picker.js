// @ts-check
// DigitPicker: the picture that goes in, and the grid of all pictures to choose it from.

import { card, count, follow, h, numberBox, put, read, say, segments, showErrors, stateOf, times } from "./kit.js";
import { GRID_KEYS, helping } from "./help.js";
import { saving } from "./save.js";
import { whenRestored } from "./line.js";
import { paintPhoto, photo } from "./paint.js";
import { tiles } from "./tiles.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {number | null} index
 * @property {import("./kit.js").Wire | null} image
 * @property {number | null} label
 * @property {string[]} classes
 * @property {string} source
 * @property {number} size
 * @property {import("./kit.js").Wire | null} logits
 * @property {import("./kit.js").Wire | null} probabilities
 * @property {number | null} only
 * @property {boolean} misread
 * @property {number} seed
 * @property {import("./kit.js").Wire | null} order
 * @property {number} version
 * @property {string} progress
 */

const BLOCK = 128; // tiles asked for at once
const UNDERWAY = 4; // requests in flight at most, so that a fast scroll asks for where it ends
const TILE = 26;
const LARGE = 200;
const CHIPS = 12;
const ORDERS = /** @type {[string, string][]} */ ([
  ["order", "in order"],
  ["shuffle", "shuffle"],
]);

/**
 * The blocks that hold the tiles from `first` up to `last`. @param {number} first @param {number} last
 */
export function blocksOf(first, last) {
  const blocks = [];
  for (let block = Math.floor(first / BLOCK); block * BLOCK < last; block++) blocks.push(block);
  return blocks;
}

/**
 * The tiles that have come, as pictures, and the requests for those that have not.
 * @param {import("./kit.js").Model} model @param {() => void} arrived @param {AbortSignal} signal
 */
function tileStore(model, arrived, signal) {
  /** @type {Map<number, {sheet: OffscreenCanvas, rows: number, columns: number}>} */
  const sheets = new Map();
  /** @type {Set<number>} */
  const underway = new Set();
  const forget = () => {
    sheets.clear();
    underway.clear();
    arrived();
  };
  const take = (/** @type {any} */ content, /** @type {DataView[]} */ buffers) => {
    if (content.version !== model.get("version")) return;
    const [amount, channels, rows, columns] = content.shape;
    const { buffer, byteOffset, byteLength } = buffers[0];
    const bytes = new Uint8Array(/** @type {ArrayBuffer} */ (buffer), byteOffset, byteLength);
    const sheet = new OffscreenCanvas(columns, Math.max(1, amount) * rows);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (sheet.getContext("2d"));
    for (let i = 0; i < amount; i++) {
      context.drawImage(photo(bytes, i * channels * rows * columns, channels, rows, columns), 0, i * rows);
    }
    const block = content.start / BLOCK;
    underway.delete(block);
    sheets.set(block, { sheet, rows, columns });
    arrived();
  };
  model.on("change:version", forget);
  model.on("msg:custom", take);
  const again = () => {
    underway.clear();
    arrived();
  };
  whenRestored(model, again, signal);
  signal.addEventListener("abort", () => {
    model.off("change:version", forget);
    model.off("msg:custom", take);
  });
  const want = (/** @type {number} */ first, /** @type {number} */ last) => {
    for (const block of blocksOf(first, last)) {
      if (sheets.has(block) || underway.has(block) || underway.size >= UNDERWAY) continue;
      underway.add(block);
      const start = block * BLOCK;
      model.send({ start, stop: start + BLOCK, version: model.get("version") });
    }
  };
  const find = (/** @type {number} */ tile) => {
    const found = sheets.get(Math.floor(tile / BLOCK));
    return found && { ...found, top: (tile % BLOCK) * found.rows };
  };
  return { want, find };
}

/** @param {import("./kit.js").Model} model @param {import("./kit.js").Model} state @param {AbortSignal} signal */
function filters(model, state, signal) {
  const classes = /** @type {string[]} */ (state.get("classes"));
  const chip = (/** @type {string} */ text, /** @type {() => void} */ act) => {
    const button = h("button", { type: "button", className: "cw-chip", textContent: text });
    button.addEventListener("click", act, { signal });
    return button;
  };
  const pick = (/** @type {number | null} */ only) => put(model, { only });
  const misread = chip("misread", () => put(model, { misread: !model.get("misread") }));
  const root = h("div", { className: "cw-chips", role: "group", "aria-label": "show" });
  if (classes.length <= CHIPS) {
    const all = chip("all", () => pick(null));
    const chips = classes.map((name, i) => chip(name, () => pick(i)));
    root.append(all, ...chips, misread);
    const mark = () => {
      const only = model.get("only");
      all.setAttribute("aria-pressed", String(only === null));
      chips.forEach((button, i) => button.setAttribute("aria-pressed", String(only === i)));
    };
    return { root, misread, mark };
  }
  const options = ["all classes", ...classes].map((text, i) => h("option", { value: i - 1, textContent: text }));
  const select = h("select", { className: "cw-select", "aria-label": "class shown" }, ...options);
  select.addEventListener("change", () => pick(Number(select.value) < 0 ? null : Number(select.value)), { signal });
  root.append(select, misread);
  return { root, misread, mark: () => (select.value = model.get("only") ?? -1) };
}

/** @param {import("./kit.js").Model} model */
const orderOf = (model) => /** @type {Uint32Array} */ (read(model.get("order"))?.data ?? new Uint32Array(0));

/** The label of the image, in words. @param {import("./kit.js").Model} state */
function labelWords(state) {
  const [label, classes] = [state.get("label"), state.get("classes")];
  return label === null || label === undefined ? "no label" : `labelled ${classes[label] ?? label}`;
}

/** As many columns of square tiles as fit. @param {number} width @param {number} amount */
function layoutOf(width, amount) {
  const gap = 2;
  const columns = Math.max(1, Math.floor((width + gap) / (TILE + gap)));
  const side = (width + gap) / columns - gap;
  return { columns, rows: Math.ceil(amount / columns), width: side, height: side, gap, count: amount };
}

/**
 * The grid of the images, in the order that the kernel gives.
 * @param {import("./kit.js").Model} model @param {import("./kit.js").Model} state @param {AbortSignal} signal
 */
function imageGrid(model, state, signal) {
  const order = () => orderOf(model);
  /** @type {{order: Uint32Array, index: number, at: number}} */
  let found = { order: new Uint32Array(0), index: -1, at: -1 };
  const position = () => {
    const index = state.get("index") ?? -1;
    if (found.order !== order() || found.index !== index) {
      found = { order: order(), index, at: order().indexOf(index) };
    }
    return found.at;
  };
  const grid = tiles({
    name: "images",
    signal,
    maxHeight: 176,
    layout: (width) => layoutOf(width, order().length),
    paint: (context, tile, x, y, w, t) => {
      const picture = store.find(tile);
      context.fillStyle = "#8883";
      if (!picture) return context.fillRect(x, y, w, t);
      const { sheet, rows, columns, top } = picture;
      context.imageSmoothingEnabled = true;
      const scale = Math.min(w / columns, t / rows);
      const [dw, dt] = [columns * scale, rows * scale];
      context.drawImage(sheet, 0, top, columns, rows, x + (w - dw) / 2, y + (t - dt) / 2, dw, dt);
    },
    selected: position,
    select: (tile) => put(state, { index: order()[tile] }),
    describe: () => `image ${state.get("index")}, ${labelWords(state)}`,
    visible: (first, last) => store.want(first, last),
  });
  const store = tileStore(model, grid.ask, signal);
  let shown = -1;
  const show = () => {
    grid.paint();
    if (position() !== shown && position() >= 0) grid.reveal(position());
    shown = position();
  };
  return { root: grid.root, show };
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "picker");
    const large = h("canvas", { className: "cw-large", role: "img" });
    const { root: chips, misread, mark } = filters(model, state, signal);
    const shuffle = (/** @type {string} */ value) =>
      put(model, { seed: value === "order" ? 0 : 1 + Math.floor(Math.random() * 2 ** 31) });
    const sorted = segments("order", ORDERS, shuffle, signal);
    const choose = (/** @type {number} */ index) => put(state, { index });
    const jump = numberBox({ label: "image", current: () => state.get("index"), choose, signal });
    const label = h("span", { className: "cw-jump" }, "image ", jump.box);
    const status = h("output", { className: "cw-readout" });
    showErrors(ui.root, ui.alert, [model, state], signal);
    const grid = imageGrid(model, state, signal);
    helping(ui, ["label", "misread"], [...GRID_KEYS, ["Enter", "in the box: go to the image of that number"]], signal);
    saving(ui, signal);
    ui.tools.append(label);
    ui.body.append(large, chips, h("div", { className: "cw-row" }, sorted.root, status), grid.root);

    const paint = () => {
      const [image, index] = [read(state.get("image")), state.get("index")];
      const which = index === null ? "an image of its own" : `image ${count(index)}, ${labelWords(state)}`;
      say(ui.title, "Input");
      const from = index === null ? "" : `${state.get("source")} · `; // a drawing is of no set
      say(ui.line, image ? `${from}${which} · ${times(image.shape.slice(1))}` : "No image yet.");
      large.setAttribute("aria-label", `the input: ${which}`);
      large.hidden = !image;
      if (image) paintPhoto(large, image, LARGE);
      mark();
      misread.hidden = !state.get("probabilities") || !model.get("stage");
      misread.setAttribute("aria-pressed", String(model.get("misread")));
      sorted.mark(model.get("seed") ? "shuffle" : "order");
      jump.box.max = state.get("size") - 1;
      jump.show();
      const amount = orderOf(model).length;
      const found = amount === 1 ? "1 image" : amount ? `${count(amount)} images` : "no image is like that";
      say(status, model.get("progress") || found);
      grid.show();
    };
    const traits = ["index", "image", "label", "classes", "source", "size", "probabilities"];
    follow([model, state], [...traits, "only", "misread", "seed", "order", "progress"], paint, signal);
  },
};
