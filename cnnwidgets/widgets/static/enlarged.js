// @ts-check
// One feature map large beside the input, with a cursor on its pixels.

import { h, number, put, read, say, sizeOf, times, twin } from "./kit.js";
import { draw, frame, hatch, photo, picture, prepare, writeNumbers } from "./paint.js";
import { isSilent, placeOf, valuesOf } from "./maps.js";
import { moved } from "./tiles.js";

/**
 * @typedef {import("./kit.js").Model} Model @typedef {import("./kit.js").NumberArray} NumberArray
 * @typedef {import("./maps.js").Facts} Facts
 */

const LARGEST = 320;
const SIDE_BY_SIDE = 420;

/** @type {import("./help.js").Keys} */
export const PIXEL_KEYS = [
  ["arrows", "on the large map: read the value beside, above or below"],
  ["Home, End", "on the large map: its first value, its last"],
  ["Page up, Page down", "on the large map: the top, the bottom of the column"],
  ["Esc", "on the large map: select no pixel"],
];

/**
 * @param {Model} model @param {Model} state @param {AbortSignal} signal
 * @param {{
 *   tell(place: import("./maps.js").Place | null): void,
 *   lookOf(facts: Facts, channel: number, scale: string, colormap: string): {map: string, limits: any},
 *   reading(maps: NumberArray, place: import("./maps.js").Place): string,
 *   want(channel: number): void,
 * }} card want: asks for the exact numbers of a channel
 */
export function enlarged(model, state, signal, { tell, lookOf, reading, want }) {
  const mapCanvas = h("canvas", { className: "cw-one-map", tabIndex: 0, role: "application" });
  const inputCanvas = h("canvas", { className: "cw-one-input", role: "img" });
  const spoken = h("p", { className: "cw-hidden", "aria-live": "polite" });
  const figure = (/** @type {HTMLElement} */ canvas, /** @type {HTMLElement} */ caption) =>
    h("figure", {}, canvas, caption);
  const mapCaption = h("figcaption");
  const inputCaption = h("figcaption");
  const root = h(
    "div",
    { className: "cw-one" },
    figure(mapCanvas, mapCaption),
    figure(inputCanvas, inputCaption),
    spoken,
  );
  /** @type {{maps: NumberArray, facts: Facts, channel: number} | null} */
  let shown = null;
  /** @type {[number, number] | null} */
  let pointed = null;

  const table = twin(
    "values of the selected channel",
    () => {
      if (!shown) return { columns: [], rows: [] };
      const { maps, facts, channel } = shown;
      const rows = [];
      const { data, start, exact } = valuesOf(maps, facts.vector ? 0 : channel);
      for (let row = 0; row < (facts.vector ? facts.channels : facts.rows); row++) {
        const first = start + row * facts.columns;
        const values = [...data.subarray(first, first + facts.columns)];
        rows.push({ name: `${row}`, cells: values.map((value) => (exact ? number(value) : "…")) });
      }
      const places = facts.vector ? ["value"] : [...Array(facts.columns).keys()].map(String);
      return { columns: [facts.vector ? "unit" : "row \\ column", ...places], rows };
    },
    signal,
  );

  /** Whether rows and columns are those of the picture: not of a sequence, which has no channels beside them. */
  const inPlace = () => {
    const isShown = (/** @type {{name: string}} */ layer) => layer.name === state.get("maps_layer");
    return state.get("layers")?.find(isShown)?.shape.length !== 2;
  };
  const chosen = () => pointed ?? /** @type {[number, number] | null} */ (state.get("pixel"));

  const paintMap = (/** @type {number} */ side) => {
    if (!shown) return;
    const { maps, facts, channel } = shown;
    const { map, limits } = lookOf(facts, channel, model.get("scale"), model.get("colormap"));
    const ratio = window.devicePixelRatio || 1;
    const scale = (side * ratio) / Math.max(facts.rows, facts.columns);
    const cell = (scale >= 1 ? Math.floor(scale) : scale) / ratio;
    const { context } = prepare(mapCanvas, cell * facts.columns, cell * facts.rows);
    const { data, start, exact } = valuesOf(maps, channel);
    const [w, t] = [mapCanvas.width, mapCanvas.height];
    draw(context, picture(data, start, facts.rows, facts.columns, map, limits), 0, 0, w, t);
    if (facts.each[channel].bad) hatch(context, data, start, facts.rows, facts.columns, 0, 0, w, t);
    if (exact) writeNumbers(context, data, start, facts.rows, facts.columns, map, limits, 0, 0, w, t, ratio);
    // The place that is read out.
    const place = chosen() ?? (isSilent(facts, channel) ? null : placeOf(facts, facts.peakAt[channel]));
    if (place) frame(context, place[1] * cell * ratio, place[0] * cell * ratio, cell * ratio, cell * ratio, ratio);
  };

  const paintInput = (/** @type {number} */ side) => {
    const image = read(state.get("image"));
    inputCanvas.parentElement.hidden = !image;
    if (!image || !shown) return;
    const [channels, rows, columns] = image.shape;
    const ratio = window.devicePixelRatio || 1;
    const scale = (side * ratio) / Math.max(rows, columns);
    const cell = (scale >= 1 ? Math.floor(scale) : scale) / ratio;
    const { context } = prepare(inputCanvas, cell * columns, cell * rows);
    const [w, t] = [inputCanvas.width, inputCanvas.height];
    draw(context, photo(image.data, 0, channels, rows, columns), 0, 0, w, t);
    const place = inPlace() ? chosen() : null; // no other: a frame hides what is beside it in a small picture
    if (!place) return;
    const [u, v] = [w / shown.facts.columns, t / shown.facts.rows];
    frame(context, place[1] * u, place[0] * v, u, v, ratio);
  };

  const readAt = (/** @type {[number, number]} */ [row, column]) => {
    if (!shown) return "";
    return reading(shown.maps, { channel: shown.channel, row, column });
  };

  const paint = (/** @type {NumberArray} */ maps, /** @type {Facts} */ facts, /** @type {number} */ channel) => {
    shown = { maps, facts, channel };
    if (pointed && (pointed[0] >= facts.rows || pointed[1] >= facts.columns)) pointed = null;
    if (!root.hidden || table.root.open) want(channel);
    table.refresh();
    if (root.hidden) return;
    const { width } = room;
    if (!width) return;
    const wide = width >= SIDE_BY_SIDE && Boolean(state.get("image"));
    root.dataset.wide = String(wide);
    const side = Math.min(LARGEST, wide ? (width - 16) / 2 : width);
    paintMap(side);
    paintInput(wide ? side : Math.min(112, side));
    const size = times([facts.rows, facts.columns]);
    const name = `${state.get("maps_layer") || state.get("layer") || "maps"}, channel ${channel}: ${size}`;
    mapCanvas.setAttribute("aria-label", `${name}; arrow keys read its values`);
    inputCanvas.setAttribute("aria-label", "the input image");
    say(mapCaption, `channel ${channel}, ${size}`);
    const image = read(state.get("image"));
    const same = chosen() && inPlace() ? "; framed: the same place" : "";
    say(inputCaption, image ? `the input, ${times(image.shape.slice(1))}${same}` : "");
  };
  const repaint = () => shown && paint(shown.maps, shown.facts, shown.channel);
  const room = sizeOf(root, repaint, signal);

  const placeUnder = (/** @type {MouseEvent} */ event) => {
    if (!shown) return null;
    const { facts } = shown;
    const box = mapCanvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * facts.columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * facts.rows);
    const inside = row >= 0 && column >= 0 && row < facts.rows && column < facts.columns;
    return inside ? /** @type {[number, number]} */ ([row, column]) : null;
  };
  const point = (/** @type {[number, number] | null} */ place) => {
    pointed = place;
    tell(place && shown && { channel: shown.channel, row: place[0], column: place[1] });
    repaint();
  };
  const choose = (/** @type {[number, number] | null} */ place) => {
    pointed = null;
    put(state, { pixel: place });
    say(spoken, place ? readAt(place) : "no pixel selected");
  };
  const listen = { signal };
  mapCanvas.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => point(placeUnder(e)), listen);
  mapCanvas.addEventListener("pointerleave", () => point(null), listen);
  mapCanvas.addEventListener("click", (/** @type {MouseEvent} */ e) => choose(placeUnder(e)), listen);
  mapCanvas.addEventListener(
    "keydown",
    (/** @type {KeyboardEvent} */ event) => {
      if (!shown || event.ctrlKey || event.metaKey || event.altKey) return;
      const { facts, channel } = shown;
      const [row, column] = state.get("pixel") ?? placeOf(facts, facts.peakAt[channel]);
      const at = row * facts.columns + column;
      const sideways =
        event.key === "ArrowLeft" ? column > 0 : event.key !== "ArrowRight" || column < facts.columns - 1;
      const to = sideways ? moved(event.key, at, facts.area, facts.columns, facts.rows) : at;
      if (to === null && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      choose(to === null ? null : placeOf(facts, to));
    },
    listen,
  );

  const words = (/** @type {Facts} */ facts, /** @type {number} */ channel) => {
    if (facts.vector) return "One value a unit; the table below has them all.";
    const [row, column] = placeOf(facts, facts.peakAt[channel]);
    if (isSilent(facts, channel)) return "Silent: zero everywhere for this image.";
    return `Responds most at row ${row}, column ${column}: ${number(facts.peaks[channel])}.`;
  };
  return { root, table: table.root, paint, words };
}
