// @ts-check
// Patch × kernel = products as three pictures with one cursor: one tab stop, arrows move in all three.

import { h, number, say, times } from "./kit.js";
import { colourMapFor, draw, frame, hatch, limitsOf, picture, prepare, writeNumbers } from "./paint.js";
import { moved } from "./tiles.js";

/** @typedef {import("./inspector_words.js").Explained} Explained */

const LARGEST_CELL = 44;
const READABLE_CELL = 36; // there the longest numbers, as −0.038, are still written
const TALLEST = 330;

/**
 * The side of a cell, in CSS pixels: three grids in a row if their numbers can be read so.
 * @param {number} width @param {number} rows @param {number} columns @param {number} grids
 */
export function cellSide(width, rows, columns, grids) {
  const fits = (/** @type {number} */ room) => Math.min(LARGEST_CELL, room / columns, TALLEST / rows);
  const [beside, below] = [fits((width - (grids - 1) * 28) / grids), fits(width)];
  const side = beside >= READABLE_CELL || below < READABLE_CELL ? beside : below;
  return side >= 1 ? Math.floor(side) : side;
}

/** What each of the three shows. @param {Explained} e */
function namesOf({ from, area, operation }) {
  const kernel = operation === "gradient" ? "gradient" : area > 1 ? "kernel" : "weight";
  const made = operation === "share" ? "e^(x − largest)" : area > 1 ? "products" : "product";
  return [`${area > 1 ? "patch" : "number"} of ${from || "its input"}`, kernel, made];
}

/**
 * Paints the numbers of a contributor, with the cursor `at` one of them.
 * @param {CanvasRenderingContext2D} context @param {Explained} e @param {number} rank @param {number} at
 * @param {import("./kit.js").Numbers} data @param {import("./paint.js").Limits} limits
 * @param {boolean} padded whether padding is marked
 */
function paintGrid(context, e, rank, at, data, limits, padded) {
  const { rows, columns, area } = e;
  const { width: w, height: t } = context.canvas;
  const ratio = window.devicePixelRatio || 1;
  const map = colourMapFor("auto", limits);
  const start = rank * area;
  draw(context, picture(data, start, rows, columns, map, limits), 0, 0, w, t);
  hatch(context, data, start, rows, columns, 0, 0, w, t);
  if (padded) stripe(context, e.cells.data, start, e.padding.data, rows, columns, w, t);
  writeNumbers(context, data, start, rows, columns, map, limits, 0, 0, w, t, ratio);
  const [u, v] = [w / columns, t / rows];
  const win = e.operation === "maximum" && e.chosen ? e.chosen[1] * columns + e.chosen[2] : -1;
  if (win >= 0) crown(context, (win % columns) * u, Math.floor(win / columns) * v, u, v, ratio);
  if (area > 1) frame(context, (at % columns) * u, Math.floor(at / columns) * v, u, v, ratio);
}

/**
 * The cell that a key leads to, or null; at the edge of a row it stays.
 * @param {string} key @param {number} at @param {Explained} e
 */
function ledBy(key, at, { area, rows, columns }) {
  const column = at % columns;
  const edge = (key === "ArrowLeft" && column === 0) || (key === "ArrowRight" && column === columns - 1);
  return edge ? at : moved(key, at, area, columns, rows);
}

/**
 * @param {{
 *   signal: AbortSignal, place(at: number): void, enter(): void, turn(by: number): void,
 *   hover(at: number | null): void, spoken: HTMLElement,
 * }} options spoken: tells the number under the cursor
 */
export function grids({ signal, place, enter, turn, hover, spoken }) {
  const parts = [0, 1, 2].map((at) => {
    const canvas = h("canvas", { className: "cw-inspect-grid" });
    const caption = h("figcaption");
    const sign = h("span", { className: "cw-sign", textContent: ["", "×", "="][at] });
    const root = h("figure", {}, canvas, caption);
    return { canvas, caption, sign, root };
  });
  const root = h(
    "div",
    { className: "cw-inspect-grids", tabIndex: 0, role: "application", "aria-describedby": spoken.id },
    ...parts.flatMap(({ sign, root }) => [sign, root]),
  );
  /** @type {{e: Explained, rank: number, at: number, width: number, ratio: number} | null} */
  let shown = null;

  const show = (
    /** @type {Explained} */ e,
    /** @type {number} */ rank,
    /** @type {number} */ at,
    /** @type {number} */ width,
  ) => {
    const ratio = window.devicePixelRatio || 1;
    const known = shown && shown.e === e && shown.rank === rank && shown.at === at;
    if (known && shown?.width === width && shown.ratio === ratio) return; // the answer is still to come
    shown = { e, rank, at, width, ratio };
    const { rows, columns } = e;
    const share = e.operation === "share";
    const arrays = [e.patch, share ? null : e.weights, e.products];
    const names = namesOf(e);
    const cell = cellSide(width, rows, columns, arrays.filter(Boolean).length);
    parts.forEach(({ canvas, caption, sign, root }, i) => {
      const array = arrays[i];
      root.hidden = !array;
      sign.hidden = !array || i === 0;
      if (!array) return;
      say(sign, share ? "→" : ["", "×", "="][i]);
      const { context } = prepare(canvas, cell * columns, cell * rows);
      const found = limitsOf(array.data);
      const limits = i === 0 || share ? found : { ...found, low: -found.high, signed: true }; // weights have signs
      paintGrid(context, e, rank, at, array.data, limits, i !== 1);
      say(caption, `${names[i]} · ${number(limits.low, 2)} to ${number(limits.high, 2)}`);
    });
    const many = e.contributors.length > 1 && e.area > 1 ? `, channel ${e.contributors[rank]}` : "";
    root.setAttribute(
      "aria-label",
      `${names[0]}${many}, ${times([rows, columns])}; arrow keys read it, Enter goes there`,
    );
  };

  const under = (/** @type {MouseEvent} */ event) => {
    const part = parts.find(({ canvas }) => canvas === event.target);
    if (!part || !shown) return null;
    const box = part.canvas.getBoundingClientRect();
    const { rows, columns } = shown.e;
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return row >= 0 && column >= 0 && row < rows && column < columns ? row * columns + column : null;
  };
  root.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => hover(under(event)), { signal });
  root.addEventListener("pointerleave", () => hover(null), { signal });
  const choose = (/** @type {MouseEvent} */ event) => {
    const at = under(event);
    if (at === null) return;
    place(at);
    if (event.type === "dblclick") enter();
  };
  root.addEventListener("click", choose, { signal });
  root.addEventListener("dblclick", choose, { signal });
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (!shown || event.ctrlKey || event.metaKey || event.altKey) return;
    const { at, e } = shown;
    const { key } = event;
    const by = { PageUp: -1, PageDown: 1 }[key];
    const to = by ? null : ledBy(key, at, e);
    if (to === null && !by && key !== "Enter" && key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (by) turn(by);
    else if (to === null) return enter();
    else place(to);
  };
  root.addEventListener("keydown", press, { signal });
  return { root, show };
}

/**
 * A diagonal through each cell that is padding.
 * @param {CanvasRenderingContext2D} context @param {import("./kit.js").Numbers} cells @param {number} start
 * @param {import("./kit.js").Numbers} padding @param {number} rows @param {number} columns
 * @param {number} w @param {number} t
 */
function stripe(context, cells, start, padding, rows, columns, w, t) {
  const [u, v] = [w / columns, t / rows];
  context.beginPath();
  for (let i = 0; i < rows * columns; i++) {
    if (!padding[i] && cells[start + i]) continue;
    const [x, y] = [(i % columns) * u, Math.floor(i / columns) * v];
    context.moveTo(x, y + v);
    context.lineTo(x + u, y);
    context.moveTo(x, y);
    context.lineTo(x + u, y + v);
  }
  context.strokeStyle = "#8889";
  context.lineWidth = Math.max(1, u / 24);
  context.stroke();
}

/**
 * A mark inside the cell that won. @param {CanvasRenderingContext2D} context
 * @param {number} x @param {number} y @param {number} w @param {number} t @param {number} ratio
 */
function crown(context, x, y, w, t, ratio) {
  const inset = 4 * ratio;
  context.setLineDash([4 * ratio, 2 * ratio]);
  frame(context, x + inset, y + inset, w - 2 * inset, t - 2 * inset, ratio);
  context.setLineDash([]);
}
