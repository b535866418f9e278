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
  const box = whole ? `the whole image, ${times(image)}` : `${span("row", top, bottom)}, ${span("column", left, right)}: ${times([bottom - top, right - left])} of ${times(image)}`;
  const holes = mask ? `, ${mask[0]} of its ${mask[1]} pixels` : "";
  const how = method === "gradient" ? `found by the gradient${note ? `, since ${note}` : ""}` : "walked back through the layers";
  return `can reach it: ${box}${holes} (${how})`;
}

/** The next pixel of a map, row by row, and from the last back to the first. @param {Pixel | null} pixel @param {number} rows @param {number} columns @returns {Pixel} */
export function nextPixel(pixel, rows, columns) {
  const at = pixel ? (pixel[0] * columns + pixel[1] + 1) % (rows * columns) : 0;
  return [Math.floor(at / columns), at % columns];
}

/**
 * @param {Model} model @param {Model} state @param {AbortSignal} signal
 * @param {(pixel: Pixel) => void} choose
 */
export function places(model, state, signal, choose) {
  const mapCanvas = h("canvas", { className: "cw-inspect-map", tabIndex: 0, role: "application" });
  const inputCanvas = h("canvas", { className: "cw-inspect-input", role: "img" });
  const mapCaption = h("figcaption");
  const inputCaption = h("figcaption");
  const spoken = h("p", { className: "cw-hidden", "aria-live": "polite" });
  const mapFigure = h("figure", {}, mapCanvas, mapCaption);
  const inputFigure = h("figure", {}, inputCanvas, inputCaption);
  const root = h("div", { className: "cw-inspect-places" }, mapFigure, inputFigure, spoken);

  const mapNow = () => {
    const maps = read(state.get("maps"));
    if (!maps || maps.shape.length !== 3) return null;
    return { maps, facts: factsOf(maps), channel: Math.min(state.get("channel"), maps.shape[0] - 1) };
  };
  const valueAt = (/** @type {Pixel} */ [row, column]) => {
    const now = mapNow();
    if (!now) return "";
    const { data, start, exact } = valuesOf(now.maps, now.channel);
    return exact ? `: ${number(data[start + row * now.facts.columns + column])}` : "";
  };
  const cellOf = (/** @type {number} */ side, /** @type {number} */ rows, /** @type {number} */ columns) => {
    const ratio = window.devicePixelRatio || 1;
    const scale = (side * ratio) / Math.max(rows, columns);
    return (scale >= 1 ? Math.floor(scale) : scale) / ratio;
  };

  const paintMap = (/** @type {number} */ side) => {
    const now = mapNow();
    mapFigure.hidden = !now;
    if (!now) return;
    const { maps, facts, channel } = now;
    const { rows, columns } = facts;
    const cell = cellOf(side, rows, columns);
    const { context, ratio } = prepare(mapCanvas, cell * columns, cell * rows);
    const [w, t] = [mapCanvas.width, mapCanvas.height];
    const limits = facts.each[channel];
    const { data, start } = valuesOf(maps, channel);
    draw(context, picture(data, start, rows, columns, colourMapFor("auto", limits), limits), 0, 0, w, t);
    if (limits.bad) hatch(context, data, start, rows, columns, 0, 0, w, t);
    const pixel = state.get("pixel");
    if (pixel) frame(context, pixel[1] * cell * ratio, pixel[0] * cell * ratio, cell * ratio, cell * ratio, ratio);
    const name = `${state.get("maps_layer") || state.get("layer")}, channel ${channel}`;
    mapCanvas.setAttribute("aria-label", `map of ${name}, ${times([rows, columns])}; arrow keys choose a pixel`);
    say(mapCaption, `${name}, ${number(limits.low, 2)} to ${number(limits.high, 2)}: click a pixel`);
  };

  /** @type {any[]} what the image was painted of */
  let painted = [];
  const paintInput = (/** @type {number} */ side, /** @type {number[] | null} */ lit) => {
    const image = read(state.get("image"));
    inputFigure.hidden = !image;
    const now = [image, model.get("field"), model.get("field_mask"), model.get("field_method"), String(lit), side, window.devicePixelRatio];
    if (!image || now.every((each, i) => each === painted[i])) return;
    painted = now;
    const [channels, rows, columns] = image.shape;
    const cell = cellOf(side, rows, columns);
    const { context, ratio } = prepare(inputCanvas, cell * columns, cell * rows);
    const [w, t] = [inputCanvas.width, inputCanvas.height];
    draw(context, photo(image.data, 0, channels, rows, columns), 0, 0, w, t);
    const field = /** @type {number[]} */ (model.get("field"));
    const mask = read(model.get("field_mask"));
    const [u, v] = [w / columns, t / rows];
    const [top, bottom, left, right] = field;
    if (field.length && bottom > top) {
      context.fillStyle = "rgb(70 140 220 / 38%)"; // what cannot reach it, veiled
      context.beginPath();
      context.rect(0, 0, w, t);
      context.rect(left * u, top * v, (right - left) * u, (bottom - top) * v);
      context.fill("evenodd");
      for (let row = top; mask && row < bottom; row++) {
        for (let column = left; column < right; column++) {
          if (!mask.data[row * columns + column]) context.fillRect(column * u, row * v, u, v);
        }
      }
      frame(context, left * u, top * v, (right - left) * u, (bottom - top) * v, ratio);
    }
    if (lit && lit.length === 3) frame(context, lit[2] * u, lit[1] * v, u, v, ratio);
    const share = mask ? [[...mask.data].filter(Boolean).length, (bottom - top) * (right - left)] : null;
    const words = fieldWords(field, share, model.get("field_method"), model.get("field_note"), [rows, columns]);
    // What stands below must not jump up and down while the field of the next pixel is looked for.
    inputCaption.style.minBlockSize = model.get("field_method") === "sought" ? `${inputCaption.offsetHeight}px` : "";
    say(inputCaption, words ? `the image; ${words}` : "the image");
    inputCanvas.setAttribute("aria-label", "the image");
  };

  /** @param {number} side @param {number[] | null} lit a pixel of the image (channel, row, column) */
  const paint = (side, lit) => {
    paintMap(side);
    paintInput(side, lit);
  };

  const click = (/** @type {MouseEvent} */ event) => {
    const now = mapNow();
    if (!now) return;
    const box = mapCanvas.getBoundingClientRect();
    const { rows, columns } = now.facts;
    const at = (/** @type {number} */ share, /** @type {number} */ size) => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
    choose([at((event.clientY - box.top) / box.height, rows), at((event.clientX - box.left) / box.width, columns)]);
  };
  mapCanvas.addEventListener("click", click, { signal });
  const press = (/** @type {KeyboardEvent} */ event) => {
    const now = mapNow();
    if (!now || event.ctrlKey || event.metaKey || event.altKey) return;
    const { facts, channel } = now;
    const pixel = state.get("pixel");
    const [row, column] = pixel ?? placeOf(facts, facts.peakAt[channel]);
    const stays = (event.key === "ArrowLeft" && column === 0) || (event.key === "ArrowRight" && column === facts.columns - 1);
    const at = row * facts.columns + column;
    const led = event.key === "Enter" || stays ? at : moved(event.key, at, facts.area, facts.columns, facts.rows);
    const to = !pixel && event.key.startsWith("Arrow") ? at : led; // without a pixel they begin at the strongest
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    const place = placeOf(facts, to);
    choose(place);
    say(spoken, `row ${place[0]}, column ${place[1]}${valueAt(place)}`);
  };
  mapCanvas.addEventListener("keydown", press, { signal });
  return { root, paint, mapNow };
}
