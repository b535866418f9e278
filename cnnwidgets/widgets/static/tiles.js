// @ts-check
// A grid of tiles on one canvas, of which only the visible ones are painted: one tab stop, arrows
// move, a click selects. DigitPicker, FeatureMaps and Filters are such grids.

import { coloursOf, freshId, h, say, sizeOf } from "./kit.js";
import { prepare } from "./paint.js";

/**
 * How a grid is laid out, in CSS pixels.
 * @typedef {{columns: number, rows: number, width: number, height: number, gap: number}} Layout
 */

/**
 * Tiles as large as fit `width` × `height`, in whole multiples of a pixel of their picture.
 * @param {number} count @param {number} rows of a picture @param {number} columns of a picture
 * @param {{width: number, height: number, gap: number, least: number, ratio: number, zoom: number}} room
 * least: the smallest tile width before the grid scrolls instead; ratio: device pixels a CSS pixel
 * @returns {Layout}
 */
export function fit(count, rows, columns, { width, height, gap, least, ratio, zoom }) {
  const sizes = [];
  for (let across = 1; across <= Math.max(1, count); across++) {
    const down = Math.ceil(count / across);
    const byWidth = (width - (across - 1) * gap) / across;
    const byHeight = (((height - (down - 1) * gap) / down) * columns) / rows;
    sizes.push(Math.min(byWidth, byHeight));
  }
  const largest = Math.max(...sizes);
  const best = sizes.findLast((size) => size >= 0.9 * largest) ?? largest; // rather beside than below
  const wanted = Math.min(width, Math.max(least, best) * zoom);
  const scale = (wanted * ratio) / columns;
  const tile = ((scale >= 1 ? Math.floor(scale + 1e-6) : scale) * columns) / ratio;
  const across = Math.max(1, Math.min(count, Math.floor((width + gap) / (tile + gap))));
  return { columns: across, rows: Math.ceil(count / across), width: tile, height: (tile * rows) / columns, gap };
}

/**
 * Where a key leads in a grid, or null if it is not a key of grids.
 * @param {string} key @param {number} at @param {number} count @param {number} columns @param {number} page rows a page
 */
export function moved(key, at, count, columns, page) {
  const steps = /** @type {Record<string, number>} */ ({
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -columns * page,
    PageDown: columns * page,
  });
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (!(key in steps)) return null;
  const to = at + steps[key];
  if (to >= 0 && to < count) return to;
  if (Math.abs(steps[key]) <= columns) return at;
  return to < 0 ? at % columns : Math.min(count - 1, at + columns * Math.floor((count - 1 - at) / columns));
}

/**
 * @param {{
 *   name: string,
 *   signal: AbortSignal,
 *   maxHeight: number,
 *   layout(width: number): Layout & {count: number},
 *   paint(context: CanvasRenderingContext2D, tile: number, x: number, y: number, w: number, h: number): void,
 *   selected(): number,
 *   select(tile: number): void,
 *   describe(tile: number): string,
 *   silent?(tile: number): boolean,
 *   hover?(tile: number | null, u: number, v: number): void,
 *   visible?(first: number, last: number): void,
 * }} options u and v: where in the tile, from 0 to 1
 */
export function tiles(options) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const option = h("div", { className: "cw-hidden", role: "option", id: freshId("tile"), "aria-selected": "true" });
  const sizer = h("div", { className: "cw-sizer" }, canvas);
  const root = h(
    "div",
    {
      className: "cw-tiles",
      role: "listbox",
      tabIndex: 0,
      "aria-label": options.name,
      "aria-activedescendant": option.id,
      style: `max-height: ${options.maxHeight}px`,
    },
    sizer,
    option,
  );
  /** @type {Layout & {count: number}} */
  let layout = { columns: 1, rows: 0, width: 1, height: 1, gap: 0, count: 0 };
  let frame = 0;
  let scrolled = 0;

  const pitch = () => ({ x: layout.width + layout.gap, y: layout.height + layout.gap });
  const MARGIN = 3; // room for the outline of a selected tile at the edge

  const paint = () => {
    frame = 0;
    if (!size.width) return;
    layout = options.layout(size.width - 2 * MARGIN);
    const total = Math.max(0, layout.rows * pitch().y - layout.gap) + 2 * MARGIN;
    const height = Math.min(total, options.maxHeight);
    const tall = `${total}px`;
    if (sizer.style.height !== tall) sizer.style.height = tall;
    const { context, ratio } = prepare(canvas, size.width, height);
    const top = Math.min(scrolled, Math.max(0, total - height));
    const first = Math.max(0, Math.floor((top - MARGIN) / pitch().y)) * layout.columns;
    const last = Math.min(layout.count, Math.ceil((top + height) / pitch().y) * layout.columns);
    options.visible?.(first, last);
    const snap = (/** @type {number} */ at) => Math.round(at * ratio);
    const place = (/** @type {number} */ tile) => [
      snap(MARGIN + (tile % layout.columns) * pitch().x),
      snap(MARGIN + Math.floor(tile / layout.columns) * pitch().y - top),
    ];
    const [w, t] = [snap(layout.width), snap(layout.height)];
    for (let tile = first; tile < last; tile++) {
      const [x, y] = place(tile);
      options.paint(context, tile, x, y, w, t);
      if (options.silent?.(tile)) {
        // Dashes around it, outside the place of the outline: zeros are seen by more than a colour.
        context.setLineDash([3 * ratio, 3 * ratio]);
        outline(context, x - 2 * ratio, y - 2 * ratio, w + 4 * ratio, t + 4 * ratio, ratio, palette.edge);
        context.setLineDash([]);
      }
    }
    const chosen = options.selected();
    if (chosen >= first && chosen < last) {
      const [x, y] = place(chosen);
      outline(context, x, y, w, t, 2 * ratio, palette.accent);
    }
    // Where everything is, for who watches from outside; written at the end of every paint.
    root.dataset.layout = JSON.stringify({ ...layout, margin: MARGIN, top });
    // Spoken while the keys are here; else another card does the talking.
    option.setAttribute("aria-live", root.matches(":focus") ? "polite" : "off");
    say(option, chosen >= 0 && chosen < layout.count ? options.describe(chosen) : "nothing selected");
  };
  const ask = () => {
    frame ||= requestAnimationFrame(() => !options.signal.aborted && paint());
  };

  /** Scrolls, inside the grid only, until a tile is in sight. @param {number} tile */
  const reveal = (tile) => {
    const y = Math.floor(tile / layout.columns) * pitch().y;
    const bottom = y + layout.height + 2 * MARGIN;
    let to = Math.min(scrolled, y);
    if (bottom > to + size.height) to = bottom - size.height;
    if (to === scrolled || !size.height) return;
    root.scrollTop = scrolled = to;
    ask();
  };

  /** @param {PointerEvent | MouseEvent} event */
  const hit = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left - MARGIN;
    const y = event.clientY - box.top - MARGIN + scrolled;
    const [column, row] = [Math.floor(x / pitch().x), Math.floor(y / pitch().y)];
    const [u, v] = [(x - column * pitch().x) / layout.width, (y - row * pitch().y) / layout.height];
    const tile = row * layout.columns + column;
    const inside = column >= 0 && column < layout.columns && u >= 0 && u < 1 && v >= 0 && v < 1;
    return inside && tile >= 0 && tile < layout.count ? { tile, u, v } : null;
  };

  const listen = { signal: options.signal };
  const scroll = () => {
    scrolled = root.scrollTop;
    ask();
  };
  root.addEventListener("scroll", scroll, { ...listen, passive: true });
  root.addEventListener(
    "click",
    (/** @type {MouseEvent} */ event) => {
      const found = hit(event);
      if (found) options.select(found.tile);
    },
    listen,
  );
  const point = (/** @type {PointerEvent} */ event) => {
    const found = hit(event);
    options.hover?.(found && found.tile, found?.u ?? 0, found?.v ?? 0);
  };
  root.addEventListener("pointermove", point, listen);
  root.addEventListener("pointerdown", point, listen);
  root.addEventListener("pointerleave", () => options.hover?.(null, 0, 0), listen);
  root.addEventListener(
    "keydown",
    (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !layout.count) return;
      const page = Math.max(1, Math.floor(size.height / pitch().y));
      const to = moved(event.key, Math.max(0, options.selected()), layout.count, layout.columns, page);
      if (to === null) return;
      event.preventDefault();
      event.stopPropagation();
      options.select(to);
      reveal(to);
    },
    listen,
  );
  const size = sizeOf(root, ask, options.signal);
  const palette = coloursOf(canvas, ask, options.signal);
  options.signal.addEventListener("abort", () => cancelAnimationFrame(frame));
  return { root, paint, ask, reveal };
}

/**
 * An outline around a tile, in the gap, so that no data is covered.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} w
 * @param {number} t @param {number} line @param {string} colour
 */
function outline(context, x, y, w, t, line, colour) {
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(x - line / 2, y - line / 2, w + line, t + line);
}
