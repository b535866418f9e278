// @ts-check
// Feature maps as numbers: their sizes, limits and strongest places, and all of them in one picture.

import { decoder, exactOf, fillCoded, told } from "./coded.js";
import { read } from "./kit.js";
import { fillPixels, limitsOf } from "./paint.js";

/**
 * @typedef {import("./kit.js").NumberArray} NumberArray @typedef {import("./kit.js").Numbers} Numbers
 * @typedef {import("./kit.js").Coded} Coded @typedef {import("./kit.js").Model} Model
 * @typedef {import("./paint.js").Limits} Limits
 * @typedef {{
 *   vector: boolean, channels: number, rows: number, columns: number, area: number,
 *   each: Limits[], shared: Limits, peaks: number[], peakAt: number[], strongest: number,
 * }} Facts
 * peaks: the largest finite value of each channel; peakAt: where in the channel; strongest: the channel
 * with the largest of all
 */

/** @type {WeakMap<NumberArray, Facts>} */
const known = new WeakMap();

/**
 * What is worth knowing of maps (channel, row, column) or of a vector (unit,); worked out once.
 * @param {NumberArray} maps @returns {Facts}
 */
export function factsOf(maps) {
  let facts = known.get(maps);
  if (facts) return facts;
  const vector = maps.shape.length === 1;
  const [channels, rows, columns] = vector ? [maps.shape[0], 1, 1] : maps.shape;
  const area = rows * columns;
  const { each, peaks, peakAt } = maps.coded ? told(maps.coded, channels) : counted(maps, channels, area);
  const strongest = peaks.reduce((best, peak, channel) => (peak > peaks[best] ? channel : best), 0);
  facts = { vector, channels, rows, columns, area, each, shared: together(each), peaks, peakAt, strongest };
  known.set(maps, facts);
  return facts;
}

/**
 * The facts of each channel, from its numbers.
 * @param {NumberArray} maps @param {number} channels @param {number} area
 */
function counted(maps, channels, area) {
  /** @type {Limits[]} */
  const each = [];
  /** @type {number[]} */
  const peaks = [];
  /** @type {number[]} */
  const peakAt = [];
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * area;
    each.push(limitsOf(maps.data, start, start + area));
    let [peak, at] = [-Infinity, 0];
    for (let i = 0; i < area; i++) {
      const value = maps.data[start + i];
      if (value > peak && value < Infinity) [peak, at] = [value, i];
    }
    peaks.push(peak);
    peakAt.push(at);
  }
  return { each, peaks, peakAt };
}

/**
 * The numbers of a channel. Of large maps they are exact where the kernel has sent them; else they
 * are as good as their colours, with NaN for all that is not finite.
 * @param {NumberArray} maps @param {number} channel
 * @returns {{data: Numbers, start: number, exact: boolean}}
 */
export function valuesOf(maps, channel) {
  const { area, each } = factsOf(maps);
  const start = channel * area;
  if (!maps.coded) return { data: maps.data, start, exact: true };
  const data = exactOf(maps.coded).get(channel);
  if (data) return { data, start: 0, exact: true };
  const codes = maps.data.subarray(start, start + area);
  return { data: Float32Array.from(codes, decoder(each[channel])), start: 0, exact: false };
}

/**
 * Gets the exact numbers of channels of large maps from the kernel, once each.
 * @param {Model} state @param {() => void} arrived called when some have come @param {AbortSignal} signal
 * @returns {(channel: number) => void} asks for a channel of the present maps, if it is not here
 */
export function exactly(state, arrived, signal) {
  /** @type {WeakMap<Coded, Set<number>>} */
  const asked = new WeakMap();
  const take = (/** @type {any} */ { number, channel }, /** @type {DataView[]} */ buffers) => {
    const maps = read(state.get("maps"));
    if (!maps?.coded || maps.coded.number !== number || !buffers?.length) return;
    const wire = { shape: maps.shape.slice(1), dtype: /** @type {"float32"} */ ("float32"), data: buffers[0] };
    exactOf(maps.coded).set(channel, /** @type {NumberArray} */ (read(wire)).data);
    arrived();
  };
  state.on("msg:custom", take);
  signal.addEventListener("abort", () => state.off("msg:custom", take));
  return (channel) => {
    const coded = read(state.get("maps"))?.coded;
    if (!coded || exactOf(coded).has(channel)) return;
    const before = asked.get(coded) ?? new Set();
    if (before.has(channel)) return;
    asked.set(coded, before.add(channel));
    state.send({ want: "values", number: coded.number, channel });
  };
}

/**
 * Whether a channel is zero everywhere: it has nothing to say of this image.
 * @param {Facts} facts @param {number} channel
 */
export const isSilent = (facts, channel) => facts.each[channel].high === 0 && !facts.each[channel].bad;

/** Limits that hold for all of several. @param {Limits[]} each @returns {Limits} */
export function together(each) {
  const signed = each.some((one) => one.signed);
  const high = each.reduce((most, one) => Math.max(most, one.high), 0);
  const bad = each.reduce((sum, one) => sum + one.bad, 0);
  return { low: signed ? -high : 0, high, bad, signed };
}

/** A value in the maps. @typedef {{channel: number, row: number, column: number}} Place */

/** Row and column of a place in a map. @param {Facts} facts @param {number} at @returns {[number, number]} */
export const placeOf = (facts, at) => [Math.floor(at / facts.columns), at % facts.columns];

/**
 * All maps in one picture, about square, one canvas pixel a value.
 * @param {NumberArray} maps @param {(channel: number) => {map: string, limits: Limits}} look
 * @param {OffscreenCanvas} [used] one to paint over
 */
export function atlasOf(maps, look, used) {
  const { channels, rows, columns, area, each } = factsOf(maps);
  const across = Math.ceil(Math.sqrt((channels * rows) / columns)) || 1;
  const [width, height] = [across * columns, Math.ceil(channels / across) * rows];
  const fits = used?.width === width && used?.height === height;
  const canvas = fits ? used : new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const tile = context.createImageData(columns, rows);
  const pixels = new Uint32Array(tile.data.buffer);
  const place = (/** @type {number} */ channel) => [(channel % across) * columns, Math.floor(channel / across) * rows];
  for (let channel = 0; channel < channels; channel++) {
    const { map, limits } = look(channel);
    const codes = maps.coded && /** @type {Uint8Array} */ (maps.data.subarray(channel * area, (channel + 1) * area));
    if (codes) fillCoded(codes, decoder(each[channel]), map, limits, pixels);
    else fillPixels(maps.data, channel * area, area, map, limits, tile.data);
    const [x, y] = place(channel);
    context.putImageData(tile, x, y);
  }
  return { canvas, place };
}
