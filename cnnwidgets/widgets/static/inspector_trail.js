// @ts-check
// The way down through the layers, as buttons that lead back up.

import { h, put } from "./kit.js";

/**
 * @typedef {import("./kit.js").Model} Model
 * @typedef {{channel: number, at: number}} Mark where the reader stood in the patch
 * @typedef {{layer: string, channel: number, pixel: [number, number] | null, mark: Mark | null}} Stop
 */

/** A stop in few letters: conv2 (5; 6, 9). @param {{layer: string, channel: number, pixel: number[] | null}} stop */
export const stopWords = ({ layer, channel, pixel }) => `${layer} (${channel}${pixel ? `; ${pixel.join(", ")}` : ""})`;

/** The same in full. @param {{layer: string, channel: number, pixel: number[] | null}} stop */
const stopTitle = ({ layer, channel, pixel }) =>
  `back to ${layer}, ${pixel ? `channel ${channel}, row ${pixel[0]}, column ${pixel[1]}` : `unit ${channel}`}`;

/** The selection that a place of a layer's maps stands for. @param {number[]} place */
export function selectionOf(place) {
  const [channel, row, column] = place;
  return { channel, pixel: place.length === 3 ? /** @type {[number, number]} */ ([row, column]) : null };
}

/**
 * @param {Model} model @param {Model} state @param {AbortSignal} signal
 * @param {(mark: Mark | null) => void} climbed is called after each way up
 */
export function trails(model, state, signal, climbed) {
  const list = h("ol");
  const root = h("nav", { className: "cw-trail", "aria-label": "the way down" }, list);
  /** @type {Stop[]} */
  let stops = [];
  let tip = ""; // the layer that the last stop led to
  /** @type {Stop | null} */
  let back = null;
  let written = "";

  const here = () => ({ layer: state.get("layer"), channel: state.get("channel"), pixel: state.get("pixel") });
  const down = (/** @type {string} */ layer, /** @type {number[]} */ place, /** @type {Mark | null} */ mark) => {
    if (layer === "input") return put(model, { input_cell: place });
    stops.push({ ...here(), mark });
    tip = layer;
    put(state, { layer, ...selectionOf(place) });
  };
  /** Climbs to a stop, or out of the image to the layer above it. @param {number} to */
  const climb = (to) => {
    const stop = stops[to];
    if (model.get("input_cell")) put(model, { input_cell: null });
    if (stop) {
      stops.length = to;
      [tip, back] = [stop.layer, stop];
      put(state, { layer: stop.layer, channel: stop.channel, pixel: stop.pixel });
    }
    climbed(stop?.mark ?? null);
  };
  /** One step up; false where there is none. */
  const up = () => {
    const atInput = Boolean(model.get("input_cell"));
    if (!atInput && !stops.length) return false;
    climb(atInput ? stops.length : stops.length - 1);
    return true;
  };
  const clicked = (/** @type {MouseEvent} */ event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button) climb(Number(button.dataset.stop));
  };
  list.addEventListener("click", clicked, { signal });

  const paint = () => {
    const atInput = Boolean(model.get("input_cell"));
    if (state.get("layer") !== tip) [stops, back] = [[], null]; // somebody went elsewhere
    const way = [...stops, here()];
    const names = way.map(stopWords);
    if (atInput) names.push("input");
    const text = names.join("\0");
    if (text === written) return;
    written = text;
    list.replaceChildren(
      ...names.map((name, i) => {
        const last = i === names.length - 1;
        if (last) return h("li", {}, h("span", { "aria-current": "location", textContent: name }));
        const button = h("button", {
          type: "button",
          className: "cw-chip",
          textContent: name,
          title: stopTitle(way[i]),
        });
        button.dataset.stop = String(i);
        return h("li", {}, button);
      }),
    );
  };
  /** Whether a way up is under way. */
  const returning = () => back !== null;
  /** The reader's mark in an explanation that a way up led to. @param {{of: string} | null} e @returns {Mark | null} */
  const returned = (e) => {
    if (!back || e?.of !== back.layer) return null;
    const { mark } = back;
    back = null;
    return mark;
  };
  return { root, down, up, paint, returning, returned };
}
