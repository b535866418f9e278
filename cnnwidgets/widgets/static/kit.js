// @ts-check
// What all widgets share: reading arrays, following state, building cards, telling values.

import { keepKeys } from "./keys.js";
import { ENDED, mendLine, watchEnd } from "./line.js";

/**
 * An array as it travels: `data` holds the numbers, row by row. `coded` is there only for large maps,
 * whose `data` are codes: see coded.py, and valuesOf in maps.js.
 * @typedef {{shape: number[], dtype: "float32" | "uint8" | "uint32", data: DataView, coded?: Coded}} Wire
 * @typedef {{number: number, ends: Wire, counts: Wire, channel: number, values: Wire}} Coded
 * @typedef {Float32Array | Uint8Array | Uint32Array} Numbers
 * @typedef {{shape: number[], data: Numbers, coded?: Coded}} NumberArray
 * @typedef {{
 *   get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   on(name: string, fn: (...args: any[]) => void): void,
 *   off(name?: string | null, fn?: ((...args: any[]) => void) | null): void,
 *   send(content: any, callbacks?: any, buffers?: any[]): void,
 * }} Model
 * @typedef {{getModel(ref: string): Promise<Model>, getWidget(ref: string): Promise<any>}} Host
 * @typedef {{model: Model, el: HTMLElement, signal: AbortSignal, host: Host}} RenderProps
 */

const TYPES = { float32: Float32Array, uint8: Uint8Array, uint32: Uint32Array };

/** @type {WeakMap<Wire, NumberArray>} */
const decoded = new WeakMap();

/**
 * The numbers of a wire array; the same object for the same wire, so that reading twice is free.
 * @param {Wire | null | undefined} wire
 * @returns {NumberArray | null}
 */
export function read(wire) {
  if (!wire) return null;
  let array = decoded.get(wire);
  if (!array) {
    const { buffer, byteOffset, byteLength } = wire.data;
    const Type = TYPES[wire.dtype];
    const size = Type.BYTES_PER_ELEMENT;
    const data =
      byteOffset % size === 0
        ? new Type(/** @type {ArrayBuffer} */ (buffer), byteOffset, byteLength / size)
        : new Type(/** @type {ArrayBuffer} */ (buffer).slice(byteOffset, byteOffset + byteLength));
    array = { shape: [...wire.shape], data, coded: wire.coded };
    decoded.set(wire, array);
  }
  return array;
}

/** The model of a view's shared state: its microscope's stage, or its own. @param {Model} model @param {Host} host */
export async function stateOf(model, host) {
  mendLine(model);
  const stage = model.get("stage");
  return stage ? host.getModel(stage) : model;
}

/**
 * Calls `paint` in the next animation frame after any of `names` changed, and once at first.
 * @param {Model[]} models @param {string[]} names @param {() => void} paint @param {AbortSignal} signal
 * @returns {() => void} asks for a frame by hand
 */
export function follow(models, names, paint, signal) {
  let asked = 0;
  const ask = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      if (!signal.aborted) paint();
    });
  };
  const events = names.map((name) => `change:${name}`);
  for (const model of new Set(models)) for (const event of events) model.on(event, ask);
  signal.addEventListener("abort", () => {
    cancelAnimationFrame(asked);
    for (const model of new Set(models)) for (const event of events) model.off(event, ask);
  });
  paint();
  return ask;
}

/**
 * The inner size of an element, kept up to date; to ask the element itself amid painting would
 * make the browser lay the page out again for every card.
 * @param {Element} node @param {() => void} changed @param {AbortSignal} signal
 */
export function sizeOf(node, changed, signal) {
  const size = { width: 0, height: 0 };
  const watch = new ResizeObserver(([{ contentRect }]) => {
    const { width, height } = contentRect;
    const grew = width !== size.width || height !== size.height;
    Object.assign(size, { width, height });
    if (grew) changed();
  });
  watch.observe(node);
  signal.addEventListener("abort", () => watch.disconnect());
  return size;
}

/**
 * The accent colour, its faint form and that of edges as a canvas can use them, kept true when the theme changes.
 * @param {HTMLElement} node one that takes them from the style sheet, as colour of text, border and caret
 * @param {() => void} changed @param {AbortSignal} signal
 */
export function coloursOf(node, changed, signal) {
  const now = { accent: "", faint: "", edge: "" };
  const ask = () => {
    const { color, borderTopColor, caretColor } = getComputedStyle(node);
    Object.assign(now, { accent: color, faint: borderTopColor, edge: caretColor });
    changed();
  };
  requestAnimationFrame(ask); // by then the node is on the page and has its style
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ask, { signal });
  const theme = new MutationObserver(ask);
  theme.observe(document.body, { attributeFilter: ["class", "data-jp-theme-light", "data-vscode-theme-kind"] });
  signal.addEventListener("abort", () => theme.disconnect());
  return now;
}

/** Sets traits, for all views at once, and tells Python. @param {Model} model @param {Record<string, any>} values */
export function put(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

/**
 * An element with properties, attributes (those with a dash, and role) and children.
 * @param {string} tag @param {Record<string, any>} [props] @param {...(Node | string)} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.includes("-") || name === "role" || name === "for") node.setAttribute(name, value);
    else if (name === "style") node.style.cssText = value;
    else /** @type {any} */ (node)[name] = value;
  }
  node.append(...children);
  return node;
}

/** Sets text only where it differs: nothing is said or laid out in vain. @param {Node} node @param {string} text */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Lets a button be pressed, or not; by `disabled` it would lose the focus of who has just pressed it.
 * @param {HTMLElement} button @param {boolean} can
 */
export const allow = (button, can) => button.setAttribute("aria-disabled", String(!can));

const IDS = Symbol.for("cnnwidgets.ids"); // every widget's script has a kit of its own: count on the page

/** A fresh id for labels and descriptions. @param {string} stem */
export function freshId(stem) {
  const page = /** @type {any} */ (globalThis);
  page[IDS] = (page[IDS] ?? 0) + 1;
  return `cw-${stem}-${page[IDS]}`;
}

/**
 * A box for a whole number, which is handed over on Enter or when the box is left, and then shows
 * what holds. (JupyterLab keeps Enter from making a "change".)
 * @param {{label: string, current(): number | null, choose(value: number): void, signal: AbortSignal}} options
 */
export function numberBox({ label, current, choose, signal }) {
  const box = h("input", { type: "number", min: 0, step: 1, className: "cw-number", "aria-label": label });
  let editing = false;
  const show = () => {
    if (!editing) box.value = current() ?? "";
  };
  const leave = () => {
    const wanted = Number(box.value);
    if (editing && box.value !== "" && Number.isInteger(wanted)) choose(wanted);
    editing = false;
    show();
  };
  const enter = (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && leave();
  box.addEventListener("input", () => (editing = true), { signal });
  for (const event of ["change", "blur"]) box.addEventListener(event, leave, { signal });
  box.addEventListener("keydown", enter, { signal });
  return { box, show };
}

/**
 * A card: a title with its size, one line in plain words, tools, the picture, a footer.
 * @param {HTMLElement} el @param {string} kind
 */
export function card(el, kind) {
  const titleId = freshId("title");
  const title = h("h3", { className: "cw-title", id: titleId });
  const tools = h("div", { className: "cw-tools" });
  const line = h("p", { className: "cw-line" });
  const body = h("div", { className: "cw-body" });
  const foot = h("div", { className: "cw-foot" });
  const alert = h("p", { className: "cw-error", role: "alert", hidden: true });
  const root = h(
    "section",
    { className: `cw cw-panel cw-${kind}`, "aria-labelledby": titleId },
    h("header", { className: "cw-head" }, title, tools),
    line,
    body,
    foot,
    alert,
  );
  keepKeys(root);
  el.replaceChildren(root);
  return { root, title, line, tools, body, foot, alert };
}

/**
 * Shows in a card what was refused after a request that came from this card, and that its kernel is
 * gone. Returns what shows a sentence of the page's own, or none, in that place until there is news.
 * @param {HTMLElement} root @param {HTMLElement} alert @param {Model[]} models @param {AbortSignal} signal
 */
export function showErrors(root, alert, models, signal) {
  let touched = false;
  const options = { signal, capture: true };
  const elsewhere = (/** @type {Event} */ event) => {
    touched = root.contains(/** @type {Node} */ (event.target));
  };
  for (const type of ["pointerdown", "keydown", "drop", "paste"]) document.addEventListener(type, elsewhere, options);
  const show = (/** @type {string} */ text) => {
    alert.hidden = !text;
    say(alert, text);
  };
  const error = () => models.map((model) => model.get("error")).find(Boolean) ?? "";
  const isOver = watchEnd(models[0], () => again(), signal);
  const again = follow(models, ["error"], () => show(isOver() ? ENDED : touched ? error() : ""), signal);
  return show;
}

/**
 * A row of buttons of which one is pressed.
 * @param {string} label @param {[string, string][]} choices value and text
 * @param {(value: string) => void} choose @param {AbortSignal} signal
 */
export function segments(label, choices, choose, signal) {
  const buttons = choices.map(([value, text]) => {
    const button = h("button", { type: "button", className: "cw-segment", textContent: text });
    button.dataset.value = value;
    button.addEventListener("click", () => choose(value), { signal });
    return button;
  });
  const root = h("div", { className: "cw-segments", role: "group", "aria-label": label }, ...buttons);
  const mark = (/** @type {string} */ value) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === value));
  };
  return { root, mark };
}

/**
 * The table twin of a picture: opened on demand, then kept true by `refresh`.
 * @param {string} label @param {() => {columns: string[], rows: {name: string, cells: string[]}[]}} build
 * @param {AbortSignal} signal
 */
export function twin(label, build, signal) {
  const box = h("div", { className: "cw-table", tabIndex: 0, role: "region", "aria-label": label });
  const root = h("details", { className: "cw-twin" }, h("summary", { textContent: "Numbers as a table" }), box);
  const refresh = () => {
    if (!root.open) return;
    const { columns, rows } = build();
    const cell = (/** @type {string} */ text) => h("td", { textContent: text });
    const head = h("tr", {}, ...columns.map((text) => h("th", { scope: "col", textContent: text })));
    const body = rows.map(({ name, cells }) =>
      h("tr", {}, h("th", { scope: "row", textContent: name }), ...cells.map(cell)),
    );
    box.replaceChildren(
      h("table", {}, h("caption", { textContent: label }), h("thead", {}, head), h("tbody", {}, ...body)),
    );
  };
  root.addEventListener("toggle", refresh, { signal });
  return { root, refresh };
}

/**
 * A number for reading: five significant digits, a true minus, no exponent where it can be helped.
 * @param {number} value @param {number} [digits]
 */
export function number(value, digits = 5) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text;
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) text = value.toExponential(digits - 1);
  else text = String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

const grouped = new Intl.NumberFormat("en-GB");
/** A whole number with thousands apart. @param {number} value */
export const count = (value) => grouped.format(value);

/** A shape as people write it: 16×14×14. @param {number[]} shape */
export const times = (shape) => shape.join("×");
