// @ts-check
// A grid of numbers to be changed by hand: one tab stop, arrows move, Shift and arrows nudge, a drag paints.

import { h, number, say } from "./kit.js";
import { brief, colours, inkOn, levelOf } from "./paint.js";

/** @typedef {import("./kit.js").Numbers} Numbers */

/** A round number, near a twentieth of the scale: how far one nudge goes. @param {number} limit */
export function stepOf(limit) {
  if (!(limit > 0) || !Number.isFinite(limit)) return 0.05;
  const wanted = limit / 20;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const lead = [1, 2, 5, 10].findLast((each) => each * power <= wanted * (1 + 1e-9)) ?? 1;
  return Number((lead * power).toPrecision(1));
}

/**
 * A value after some nudges, without the dust of floating point.
 * @param {number} value @param {number} nudges @param {number} step
 */
export const nudged = (value, nudges, step) => {
  const decimals = Math.min(100, Math.max(0, 3 - Math.floor(Math.log10(step))));
  return Number((value + nudges * step).toFixed(decimals));
};

/**
 * Where a key leads in a grid of rows and columns, or null.
 * @param {string} key @param {number} at @param {number} rows @param {number} columns @param {boolean} ctrl
 */
export function cellAfter(key, at, rows, columns, ctrl) {
  const [row, column] = [Math.floor(at / columns), at % columns];
  const clamp = (/** @type {number} */ value, /** @type {number} */ size) => Math.min(size - 1, Math.max(0, value));
  const place = (/** @type {number} */ r, /** @type {number} */ c) => clamp(r, rows) * columns + clamp(c, columns);
  if (key === "ArrowLeft") return place(row, column - 1);
  if (key === "ArrowRight") return place(row, column + 1);
  if (key === "ArrowUp") return place(row - 1, column);
  if (key === "ArrowDown") return place(row + 1, column);
  if (key === "Home") return ctrl ? 0 : row * columns;
  if (key === "End") return ctrl ? rows * columns - 1 : row * columns + columns - 1;
  return null;
}

/**
 * @param {{
 *   signal: AbortSignal,
 *   change(values: Numbers, gesture: number): void,
 *   type(first: string): void,
 *   moved(): void,
 * }} options change: asks for other values; type: a key that begins a number was pressed
 */
export function kernelGrid({ signal, change, type, moved }) {
  const root = h("table", { className: "cw-kernel-grid", role: "grid", "aria-label": "kernel" });
  /** @type {{cell: HTMLElement, value: HTMLElement, ghost: HTMLElement}[]} */
  let cells = [];
  /** @type {{values: Numbers, original: Numbers, rows: number, columns: number, step: number} | null} */
  let shown = null;
  let at = 0;
  let gesture = { id: 0, key: "", last: 0 };
  /** @type {{value: number, painted: Set<number>} | null} */
  let brush = null;

  /**
   * The number of the gesture that a change belongs to: nudges of one cell without a pause are one.
   * @param {string} key
   */
  const gestureOf = (key) => {
    const now = performance.now();
    if (key !== gesture.key || now - gesture.last > 900)
      gesture = { id: Math.round(performance.timeOrigin + now), key, last: now };
    gesture.last = now;
    return gesture.id;
  };
  const set = (/** @type {number} */ cell, /** @type {number} */ value, /** @type {string} */ key) => {
    if (!shown) return;
    const values = Float32Array.from(shown.values);
    values[cell] = value;
    shown.values = values;
    change(values, gestureOf(key));
  };
  const nudge = (/** @type {number} */ times, cell = at) => {
    if (shown) set(cell, nudged(shown.values[cell], times, shown.step), `nudge ${cell}`);
  };
  const go = (/** @type {number} */ to, focus = true) => {
    cells[at]?.cell.setAttribute("tabindex", "-1");
    at = to;
    cells[at].cell.setAttribute("tabindex", "0");
    if (focus) cells[at].cell.focus();
    moved();
  };

  const build = (/** @type {number} */ rows, /** @type {number} */ columns) => {
    cells = Array.from({ length: rows * columns }, (_, place) => {
      const [value, ghost] = [h("span"), h("span", { className: "cw-ghost" })];
      const cell = h("td", { role: "gridcell", tabIndex: -1 }, value, ghost);
      cell.dataset.cell = String(place);
      return { cell, value, ghost };
    });
    const all = cells.map(({ cell }) => cell);
    const row = (/** @type {number} */ r) => h("tr", { role: "row" }, ...all.slice(r * columns, (r + 1) * columns));
    const held = root.contains(document.activeElement);
    root.replaceChildren(h("tbody", { role: "rowgroup" }, ...Array.from({ length: rows }, (_, r) => row(r))));
    at = Math.min(at, cells.length - 1);
    cells[at].cell.setAttribute("tabindex", "0");
    if (held) cells[at].cell.focus();
  };

  /** @param {Numbers} values @param {Numbers} original @param {number[]} shape @param {number} limit */
  const show = (values, original, [rows, columns], limit) => {
    if (!shown || shown.rows !== rows || shown.columns !== columns) build(rows, columns);
    shown = { values, original, rows, columns, step: stepOf(limit) };
    const high = Math.max(limit, ...Array.from(values, Math.abs));
    const limits = { low: -high, high, bad: 0, signed: true };
    const map = colours("diverging");
    cells.forEach(({ cell, value, ghost }, place) => {
      const index = 3 * levelOf(values[place], limits);
      const [red, green, blue] = [map[index], map[index + 1], map[index + 2]];
      const was = 3 * levelOf(original[place], limits);
      const changed = values[place] !== original[place];
      cell.style.cssText = `background:rgb(${red} ${green} ${blue});color:${inkOn(red, green, blue)}`;
      cell.classList.toggle("cw-changed", changed);
      say(value, brief(values[place], limits));
      const old = `rgb(${map[was]} ${map[was + 1]} ${map[was + 2]})`;
      ghost.style.cssText = changed ? `background:${old};color:${inkOn(map[was], map[was + 1], map[was + 2])}` : "";
      say(ghost, changed ? brief(original[place], limits) : "");
      const words = changed ? `, was ${number(original[place], 4)}` : "";
      const name = `row ${Math.floor(place / columns)}, column ${place % columns}`;
      cell.setAttribute("aria-label", `${name}: ${number(values[place], 4)}${words}`);
    });
  };

  const press = (/** @type {KeyboardEvent} */ event) => {
    if (!shown || event.altKey || event.metaKey) return;
    const { key, shiftKey, ctrlKey } = event;
    /** @type {Record<string, number>} */
    const nudges = { PageUp: 10, PageDown: -10, ...(shiftKey && { ArrowUp: 1, ArrowDown: -1 }) };
    const times = nudges[key];
    const to = cellAfter(key, at, shown.rows, shown.columns, ctrlKey);
    if (times) nudge(times);
    else if (to !== null) go(to);
    else if (ctrlKey) return;
    else if (key === "Delete" || key === "Backspace") set(at, 0, `zero ${performance.now()}`);
    else if (key === "Enter" || key === "F2") type("");
    else if (key === "Escape") brush ? endBrush() : set(at, shown.original[at], `back ${performance.now()}`);
    else if (/^[-−+.,\d]$/.test(key)) type(key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const under = (/** @type {PointerEvent | WheelEvent} */ event) => {
    const found = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-cell]");
    return found instanceof HTMLElement && root.contains(found) ? Number(found.dataset.cell) : null;
  };
  const endBrush = () => (brush = null);
  const down = (/** @type {PointerEvent} */ event) => {
    const cell = under(event);
    if (cell === null || !shown || event.button) return;
    event.preventDefault();
    go(cell);
    brush = { value: shown.values[cell], painted: new Set([cell]) };
    gesture.key = ""; // a new stroke
    root.setPointerCapture(event.pointerId);
  };
  const move = (/** @type {PointerEvent} */ event) => {
    const cell = brush && under(event);
    if (!brush || cell === null || brush.painted.has(cell)) return;
    brush.painted.add(cell);
    gesture.last = performance.now(); // however slow, a stroke is one change
    set(cell, brush.value, "stroke");
  };
  const wheel = (/** @type {WheelEvent} */ event) => {
    const cell = under(event);
    // Only while the focus is here: else a page could not be scrolled past the grid.
    if (cell === null || !event.deltaY || !root.contains(document.activeElement)) return;
    event.preventDefault();
    nudge(event.deltaY < 0 ? 1 : -1, cell);
  };
  const focused = (/** @type {FocusEvent} */ event) => {
    const cell = /** @type {HTMLElement} */ (event.target).dataset.cell;
    if (cell !== undefined && Number(cell) !== at) go(Number(cell), false);
  };
  root.addEventListener("focusin", focused, { signal });
  root.addEventListener("keydown", press, { signal });
  root.addEventListener("pointerdown", down, { signal });
  root.addEventListener("pointermove", move, { signal });
  for (const end of ["pointerup", "pointercancel"]) root.addEventListener(end, endBrush, { signal });
  root.addEventListener("dblclick", () => type(""), { signal });
  root.addEventListener("wheel", wheel, { signal, passive: false });

  return {
    root,
    show,
    nudge,
    set: (/** @type {number} */ value) => set(at, value, `typed ${performance.now()}`),
    focus: () => cells[at]?.cell.focus(),
    /** The selected cell: where it is, its value and what that was. */
    now: () => {
      if (!shown) return null;
      const { values, original, columns, step } = shown;
      return { row: Math.floor(at / columns), column: at % columns, value: values[at], original: original[at], step };
    },
  };
}
