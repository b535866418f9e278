// @ts-check
// Where a value is: in the map of its channel, and which pixels of the image can reach it.

import { h, number, read, say, times } from "./kit.js";
import { colourMapFor, draw, frame, hatch, photo, picture, prepare } from "./paint.js";
import { factsOf, placeOf, valuesOf } from "./maps.js";
import { moved } from "./tiles.js";

/** @typedef {import("./kit.js").Model} Model @typedef {[number, number]} Pixel */

/**
 * Which part of the image can reach the value, in words.
 * @param {number[]} field @param {number[] | null} mask its share of the box, where it does not fill it
 * @param {string} method @param {string} note @param {number[]} image its rows and columns
 */
export function fieldWords(field, mask, method, note, image) {
  if (method === "sought") return "looking for the pixels that can reach it …";
  if (!field.length) return note ? `which pixels count is not known: ${note}` : "";
  const [top, bottom, left, right] = field;
  if (bottom <= top) return "no pixel of the image can reach it";
  const span = (/** @type {string} */ name, /** @type {number} */ from, /** @type {number} */ to) =>
    to - from === 1 ? `${name} ${from}` : `${name}s ${from} to ${to - 1}`;
  const whole = bottom - top === image[0] && right - left === image[1];
  const part = `${span("row", top, bottom)}, ${span("column", left, right)}: ${times([bottom - top, right - left])}`;
  const box = whole ? `the whole image, ${times(image)}` : `${part} of ${times(image)}`;
  const holes = mask ? `, ${mask[0]} of its ${mask[1]} pixels` : "";
  const how =
    method === "gradient" ? `found by the gradient${note ? `, since ${note}` : ""}` : "walked back through the layers";
  return `can reach it: ${box}${holes} (${how})`;
}

/**
 * The next pixel of a map, row by row, and from the last back to the first.
 * @param {Pixel | null} pixel @param {number} rows @param {number} columns @returns {Pixel}
 */
export function nextPixel(pixel, rows, columns) {
  const at = pixel ? (pixel[0] * columns + pixel[1] + 1) % (rows * columns) : 0;
  return [Math.floor(at / columns), at % columns];
}

/** The side of a cell, in whole device pixels where there is room. @param {number} side @param {number[]} shape */
function cellOf(side, shape) {
  const ratio = window.devicePixelRatio || 1;
  const scale = (side * ratio) / Math.max(...shape);
  return (scale >= 1 ? Math.floor(scale) : scale) / ratio;
}

/** The maps of the layer, and which of them is looked at. @param {Model} state */
function mapOf(state) {
  const maps = read(state.get("maps"));
  if (!maps || maps.shape.length !== 3) return null;
  return { maps, facts: factsOf(maps), channel: Math.min(state.get("channel"), maps.shape[0] - 1) };
}

/**
 * Where in the map a key leads, or null.
 * @param {string} key @param {Pixel | null} pixel @param {number} peakAt @param {import("./maps.js").Facts} facts
 */
function ledTo(key, pixel, peakAt, facts) {
  const { rows, columns, area } = facts;
  const [row, column] = pixel ?? placeOf(facts, peakAt);
  const at = row * columns + column;
  if (!pixel && key.startsWith("Arrow")) return at; // without a pixel they begin at the strongest
  const stays = (key === "ArrowLeft" && column === 0) || (key === "ArrowRight" && column === columns - 1);
  return key === "Enter" || stays ? at : moved(key, at, area, columns, rows);
}

/**
 * The map of the value's channel, in which a pixel is chosen.
 * @param {Model} state @param {(pixel: Pixel) => void} choose @param {AbortSignal} signal
 */
function mapPlace(state, choose, signal) {
  const canvas = h("canvas", { className: "cw-inspect-map", tabIndex: 0, role: "application" });
  const caption = h("figcaption");
  const spoken = h("p", { className: "cw-hidden", "aria-live": "polite" });
  const root = h("figure", {}, canvas, caption);
  const paint = (/** @type {number} */ side) => {
    const now = mapOf(state);
    root.hidden = !now;
    if (!now) return;
    const { maps, facts, channel } = now;
    const { rows, columns } = facts;
    const cell = cellOf(side, [rows, columns]);
    const { context, ratio } = prepare(canvas, cell * columns, cell * rows);
    const [w, t] = [canvas.width, canvas.height];
    const limits = facts.each[channel];
    const { data, start } = valuesOf(maps, channel);
    draw(context, picture(data, start, rows, columns, colourMapFor("auto", limits), limits), 0, 0, w, t);
    if (limits.bad) hatch(context, data, start, rows, columns, 0, 0, w, t);
    const pixel = state.get("pixel");
    if (pixel) frame(context, pixel[1] * cell * ratio, pixel[0] * cell * ratio, cell * ratio, cell * ratio, ratio);
    const name = `${state.get("maps_layer") || state.get("layer")}, channel ${channel}`;
    canvas.setAttribute("aria-label", `map of ${name}, ${times([rows, columns])}; arrow keys choose a pixel`);
    say(caption, `${name}, ${number(limits.low, 2)} to ${number(limits.high, 2)}: click a pixel`);
  };
  const click = (/** @type {MouseEvent} */ event) => {
    const now = mapOf(state);
    if (!now) return;
    const box = canvas.getBoundingClientRect();
    const { rows, columns } = now.facts;
    const at = (/** @type {number} */ share, /** @type {number} */ size) =>
      Math.max(0, Math.min(size - 1, Math.floor(share * size)));
    choose([at((event.clientY - box.top) / box.height, rows), at((event.clientX - box.left) / box.width, columns)]);
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    const now = mapOf(state);
    if (!now || event.ctrlKey || event.metaKey || event.altKey) return;
    const { maps, facts, channel } = now;
    const to = ledTo(event.key, state.get("pixel"), facts.peakAt[channel], facts);
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    const place = placeOf(facts, to);
    choose(place);
    const { data, start, exact } = valuesOf(maps, channel);
    say(spoken, `row ${place[0]}, column ${place[1]}${exact ? `: ${number(data[start + to])}` : ""}`);
  };
  canvas.addEventListener("click", click, { signal });
  canvas.addEventListener("keydown", press, { signal });
  return { root, spoken, paint };
}

/**
 * Veils what cannot reach a value, and frames the rest.
 * @param {CanvasRenderingContext2D} context @param {number[]} field @param {number} columns of the image
 * @param {import("./kit.js").Numbers | undefined} mask of the image
 * @param {number} u @param {number} v the sides of a cell @param {number} ratio
 */
function veil(context, [top, bottom, left, right], columns, mask, u, v, ratio) {
  context.fillStyle = "rgb(70 140 220 / 38%)";
  context.beginPath();
  context.rect(0, 0, context.canvas.width, context.canvas.height);
  context.rect(left * u, top * v, (right - left) * u, (bottom - top) * v);
  context.fill("evenodd");
  for (let row = top; mask && row < bottom; row++) {
    for (let column = left; column < right; column++) {
      if (!mask[row * columns + column]) context.fillRect(column * u, row * v, u, v);
    }
  }
  frame(context, left * u, top * v, (right - left) * u, (bottom - top) * v, ratio);
}

/** The image, and which of its pixels can reach the value. @param {Model} model @param {Model} state */
function imagePlace(model, state) {
  const canvas = h("canvas", { className: "cw-inspect-input", role: "img" });
  const caption = h("figcaption");
  const root = h("figure", {}, canvas, caption);
  /** @type {any[]} what the image was painted of */
  let painted = [];
  const paint = (/** @type {number} */ side, /** @type {number[] | null} */ lit) => {
    const image = read(state.get("image"));
    root.hidden = !image;
    const fields = ["field", "field_mask", "field_method"].map((name) => model.get(name));
    const now = [image, ...fields, String(lit), side, window.devicePixelRatio];
    if (!image || now.every((each, i) => each === painted[i])) return;
    painted = now;
    const [channels, rows, columns] = image.shape;
    const cell = cellOf(side, [rows, columns]);
    const { context, ratio } = prepare(canvas, cell * columns, cell * rows);
    const [w, t] = [canvas.width, canvas.height];
    const [u, v] = [w / columns, t / rows];
    draw(context, photo(image.data, 0, channels, rows, columns), 0, 0, w, t);
    const [field, wire, method] = fields;
    const mask = read(wire)?.data;
    const [top, bottom, left, right] = field;
    if (field.length && bottom > top) veil(context, field, columns, mask, u, v, ratio);
    if (lit && lit.length === 3) frame(context, lit[2] * u, lit[1] * v, u, v, ratio);
    const share = mask ? [[...mask].filter(Boolean).length, (bottom - top) * (right - left)] : null;
    const words = fieldWords(field, share, method, model.get("field_note"), [rows, columns]);
    // What stands below must not jump up and down while the field of the next pixel is looked for.
    caption.style.minBlockSize = method === "sought" ? `${caption.offsetHeight}px` : "";
    say(caption, words ? `the image; ${words}` : "the image");
    canvas.setAttribute("aria-label", "the image");
  };
  return { root, paint };
}

/**
 * @param {Model} model @param {Model} state @param {AbortSignal} signal
 * @param {(pixel: Pixel) => void} choose
 */
export function places(model, state, signal, choose) {
  const [map, image] = [mapPlace(state, choose, signal), imagePlace(model, state)];
  const root = h("div", { className: "cw-inspect-places" }, map.root, image.root, map.spoken);
  /** @param {number} side @param {number[] | null} lit a pixel of the image (channel, row, column) */
  const paint = (side, lit) => {
    map.paint(side);
    image.paint(side, lit);
  };
  return { root, paint, mapNow: () => mapOf(state) };
}
