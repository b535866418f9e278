// @ts-check
// LayerSelector: the network as a strip of layers, from input to output.

import { card, count, follow, freshId, h, put, read, say, showErrors, stateOf, times } from "./kit.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
import { draw, photo, picture, prepare } from "./paint.js";
import { moved } from "./tiles.js";

/**
 * @typedef {{name: string, kind: string, detail: string, parameters: number, shape: number[]}} Layer
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {string} layer
 * @property {Layer[]} layers
 * @property {import("./kit.js").Wire[]} thumbnails
 * @property {boolean[]} signed
 * @property {number | null} index
 * @property {import("./kit.js").Wire | null} image
 * @property {number | null} label
 * @property {string[]} classes
 * @property {string} source
 * @property {number} size
 */

const ICON = 54;
const EDGE = 3; // px beside the chosen layer where the strip is scrolled to it

/** What a layer is, in a line each: its output, what it does in short, its weights. @param {Layer} layer */
export function inLines({ kind, detail, parameters, shape }) {
  const short = (detail || kind).replace(/, (stride|padding|dilation|groups|no bias|\d+ channels).*/, "");
  return [times(shape), short, parameters ? count(parameters) : ""];
}

/** @param {Layer[]} layers @param {string} chosen */
export function inWords(layers, chosen) {
  const weights = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  const layer = layers.find((layer) => layer.name === chosen);
  const whole = `${count(layers.length)} layers, ${count(weights)} weights.`;
  if (!layer) return whole;
  const own = layer.parameters ? `, ${count(layer.parameters)} weights` : "";
  return `${whole} ${chosen}: ${layer.kind}${layer.detail ? `, ${layer.detail}` : ""}${own}.`;
}

/**
 * An icon of up to four maps, two by two. @param {HTMLCanvasElement} canvas
 * @param {import("./kit.js").Wire | undefined} wire @param {boolean} signed
 */
function paintIcon(canvas, wire, signed) {
  const maps = read(wire);
  const { context, ratio } = prepare(canvas, ICON, ICON);
  if (!maps) return;
  const [channels, rows, columns] = maps.shape;
  const across = channels > 1 ? 2 : 1;
  const gap = ratio;
  const room = (ICON * ratio - (across - 1) * gap) / across;
  const scale = room / Math.max(rows, columns);
  const limits = { low: 0, high: 255, bad: 0, signed };
  if (signed) limits.low = 1; // 1, 128 and 255 are the ends and the middle
  for (let channel = 0; channel < Math.min(channels, 4); channel++) {
    const map = picture(maps.data, channel * rows * columns, rows, columns, signed ? "diverging" : "viridis", limits);
    const x = (channel % 2) * (room + gap);
    const y = Math.floor(channel / 2) * (room + gap);
    const [w, t] = [columns * scale, Math.max(rows * scale, 4 * ratio)];
    draw(context, map, x + (room - w) / 2, y + (room - t) / 2, w, t);
  }
}

/** @param {HTMLCanvasElement} canvas @param {import("./kit.js").Wire | null} wire */
function paintInput(canvas, wire) {
  const image = read(wire);
  const { context } = prepare(canvas, ICON, ICON);
  if (!image) return;
  const [channels, rows, columns] = image.shape;
  const scale = canvas.width / Math.max(rows, columns);
  const [w, t] = [columns * scale, rows * scale];
  draw(context, photo(image.data, 0, channels, rows, columns), (canvas.width - w) / 2, (canvas.height - t) / 2, w, t);
}

/** @type {import("./help.js").Keys} */
const KEYS = [
  ["arrows", "select the layer before, the next"],
  ["Home, End", "select the first, the last"],
  ["Page up, Page down", "five layers back, five on"],
];

/** @param {string} title */
function tile(title) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const parts = title.split(/(?<=[._])/).flatMap((part) => [part, h("wbr")]); // where a long name may break
  const name = h("span", { className: "cw-layer-name" }, ...parts);
  const lines = [0, 1, 2].map(() => h("span", { className: "cw-layer-line" }));
  lines[2].classList.add("cw-layer-weights");
  return { root: h("div", { className: "cw-layer" }, canvas, name, ...lines), canvas, name, lines };
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "layers");
    const input = tile("input");
    const roles = { role: "listbox", tabIndex: 0, "aria-orientation": "horizontal" };
    const list = h("div", { className: "cw-layer-list", ...roles });
    list.setAttribute("aria-labelledby", ui.title.id);
    const strip = h("div", { className: "cw-strip" }, input.root, list);
    ui.body.append(strip);
    helping(
      ui,
      ["layer", "shape", "weight", "convolution", "stride", "padding", "ReLU", "max pooling", "linear"],
      KEYS,
      signal,
    );
    saving(ui, signal);
    showErrors(ui.root, ui.alert, [model, state], signal);
    /** @type {ReturnType<typeof tile>[]} */
    let parts = [];
    let asked = "";

    const choose = (/** @type {string} */ layer) => put(state, { layer });
    const build = (/** @type {Layer[]} */ layers) => {
      parts = layers.map((layer) => {
        const part = tile(layer.name);
        part.root.id = freshId("layer");
        part.root.setAttribute("role", "option");
        part.root.addEventListener("click", () => choose(layer.name), { signal });
        return part;
      });
      list.replaceChildren(...parts.map((part) => part.root));
    };
    const reveal = (/** @type {HTMLElement} */ node) => {
      const left = node.offsetLeft; // in the strip, which is positioned
      const right = left + node.offsetWidth - strip.clientWidth;
      strip.scrollLeft = Math.min(left - EDGE, Math.max(strip.scrollLeft, right + EDGE));
    };
    const keys = (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const layers = /** @type {Layer[]} */ (state.get("layers"));
      const at = layers.findIndex((layer) => layer.name === state.get("layer"));
      const key = { ArrowUp: "ArrowLeft", ArrowDown: "ArrowRight" }[event.key] ?? event.key;
      const to = moved(key, Math.max(0, at), layers.length, 1, 5);
      if (to === null) return;
      event.preventDefault();
      event.stopPropagation();
      choose(layers[to].name);
    };
    list.addEventListener("keydown", keys, { signal });

    const paint = () => {
      const layers = /** @type {Layer[]} */ (state.get("layers"));
      const names = JSON.stringify(layers.map((layer) => layer.name));
      if (names !== asked) build(layers);
      asked = names;
      const chosen = state.get("layer");
      const image = read(state.get("image"));
      say(ui.title, layers.length ? "Network" : "Network · no layers yet");
      say(ui.line, inWords(layers, chosen));
      input.root.hidden = !image;
      paintInput(input.canvas, state.get("image"));
      say(input.lines[0], image ? times(image.shape) : "");
      say(input.lines[1], image ? "0 to 255" : "");
      list.removeAttribute("aria-activedescendant");
      parts.forEach((part, i) => {
        const on = layers[i].name === chosen;
        part.root.setAttribute("aria-selected", String(on));
        inLines(layers[i]).forEach((text, at) => say(part.lines[at], text));
        paintIcon(part.canvas, state.get("thumbnails")[i], state.get("signed")[i]);
        if (on) list.setAttribute("aria-activedescendant", part.root.id);
        if (on && part.root.dataset.shown !== chosen) reveal(part.root);
        part.root.dataset.shown = on ? chosen : "";
      });
    };
    follow([state], ["layer", "layers", "thumbnails", "signed", "image"], paint, signal);
  },
};
