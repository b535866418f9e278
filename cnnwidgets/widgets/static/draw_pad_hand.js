// @ts-check
// The hand: strokes of mouse, pen and finger on the pad, and a cursor that keys move over its cells.

import { fillCell, inkIn, mark, radiusOf } from "./draw_pad_ink.js";

/**
 * @typedef {ReturnType<typeof import("./draw_pad_store.js").inkStore>} Store
 * @typedef {{size: number, colour: number[]}} Brush size: diameter in cells
 * @typedef {{row: number, column: number}} Cell
 */

/**
 * Where a key moves the cursor, or null if it is not such a key.
 * @param {string} key @param {Cell} cell @param {number} rows @param {number} columns
 * @returns {Cell | null}
 */
export function steered(key, { row, column }, rows, columns) {
  if (key === "ArrowUp") return { row: Math.max(0, row - 1), column };
  if (key === "ArrowDown") return { row: Math.min(rows - 1, row + 1), column };
  if (key === "ArrowLeft") return { row, column: Math.max(0, column - 1) };
  if (key === "ArrowRight") return { row, column: Math.min(columns - 1, column + 1) };
  if (key === "Home") return { row, column: 0 };
  if (key === "End") return { row, column: columns - 1 };
  if (key === "PageUp") return { row: 0, column };
  if (key === "PageDown") return { row: rows - 1, column };
  return null;
}

/**
 * Draws with a pointer: one stroke at a time, on from where it left the pad.
 * @param {HTMLCanvasElement} canvas @param {Store} store
 * @param {{side(): number, brush(erase: boolean): Brush, started(): void}} tools @param {AbortSignal} signal
 */
export function pointing(canvas, store, { side, brush, started }, signal) {
  /** @type {{pointer: number, last: import("./draw_pad_ink.js").Dab, erase: boolean, base: Uint8Array} | null} */
  let stroke = null;
  const dab = (/** @type {PointerEvent} */ event, /** @type {Brush} */ { size }) => {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * store.ink.columns,
      y: ((event.clientY - box.top) / box.height) * store.ink.rows,
      radius: radiusOf(size, side(), event),
    };
  };
  const draw = (/** @type {PointerEvent} */ event) => {
    if (!stroke || stroke.pointer !== event.pointerId) return;
    const tool = brush(stroke.erase);
    const through = event.getCoalescedEvents?.() ?? [];
    for (const each of through.length ? through : [event]) {
      const next = dab(each, tool);
      mark(store.ink, stroke.last, next, tool.colour, stroke.base);
      stroke.last = next;
    }
    store.send();
  };
  const begin = (/** @type {PointerEvent} */ event) => {
    const eraser = (event.buttons & 32) !== 0;
    if (stroke || (event.button !== 0 && !eraser)) return;
    canvas.setPointerCapture(event.pointerId);
    started();
    stroke = { pointer: event.pointerId, last: dab(event, brush(eraser)), erase: eraser, base: store.keep() };
    draw(event);
  };
  const end = (/** @type {PointerEvent} */ event) => {
    if (stroke?.pointer === event.pointerId) stroke = null;
  };
  canvas.addEventListener("pointerdown", begin, { signal });
  canvas.addEventListener("pointermove", draw, { signal });
  for (const type of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
    canvas.addEventListener(type, end, { signal });
  }
}

/**
 * Draws with keys: arrows move, Space paints, Delete erases, Shift and arrows draw a line.
 * @param {HTMLCanvasElement} canvas @param {Store} store
 * @param {{
 *   side(): number, brush(erase: boolean): Brush, cells(): [number, number],
 *   paint(): void, tell(words: string): void,
 * }} tools
 * @param {AbortSignal} signal
 */
export function keying(canvas, store, { side, brush, cells, paint, tell }, signal) {
  let cell = { row: Math.floor(cells()[0] / 2), column: Math.floor(cells()[1] / 2) };
  let seen = false;
  let pointed = false; // the focus came with a pointer, which needs no cursor
  let line = false; // a line that Shift draws is one stroke to undo
  let base = store.ink.data;

  const middle = (/** @type {Cell} */ at, /** @type {number} */ size) => ({
    x: (at.column + 0.5) * side(),
    y: (at.row + 0.5) * side(),
    radius: radiusOf(size, side()),
  });
  const apply = (/** @type {Cell} */ from, /** @type {Cell} */ to, /** @type {boolean} */ erase) => {
    const { size, colour } = brush(erase);
    if (size > 1) mark(store.ink, middle(from, size), middle(to, size), colour, base);
    else for (const { row, column } of [from, to]) fillCell(store.ink, row, column, side(), colour);
    store.send();
  };
  const words = () => {
    const share = inkIn(store.ink, cell.row, cell.column, side());
    const filled = share > 0.5 ? "ink" : share > 0 ? "some ink" : "empty";
    return `row ${cell.row}, column ${cell.column}: ${filled}`;
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = steered(event.key, cell, ...cells());
    const paints = event.key === " " || event.key === "Enter";
    const erases = event.key === "Delete" || event.key === "Backspace";
    if (!to && !paints && !erases) return;
    event.preventDefault();
    event.stopPropagation();
    const drawing = to ? event.shiftKey : true;
    if (drawing && !(line && to)) base = store.keep();
    line = Boolean(to) && event.shiftKey;
    if (drawing) apply(cell, to ?? cell, erases);
    cell = to ?? cell;
    seen = true;
    paint();
    tell(words());
  };
  const lift = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Shift") line = false;
  };
  const look = () => {
    seen = !pointed && canvas.matches(":focus-visible");
    if (seen) tell(words());
    paint();
  };
  canvas.addEventListener("keydown", press, { signal });
  canvas.addEventListener("keyup", lift, { signal });
  canvas.addEventListener("focus", look, { signal });
  const leave = () => {
    seen = line = pointed = false;
    paint();
  };
  canvas.addEventListener("blur", leave, { signal });
  return {
    /** The cell under the cursor, while keys are in use. */
    cursor: () => (seen ? cell : null),
    hide: () => {
      seen = line = false;
      pointed = true;
    },
  };
}
