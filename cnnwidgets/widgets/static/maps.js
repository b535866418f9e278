// @ts-check
// Feature maps as numbers: their sizes, limits and strongest places, and all of them in one picture.

import { fillPixels, limitsOf } from "./paint.js";

/**
 * @typedef {import("./kit.js").NumberArray} NumberArray
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
  const strongest = peaks.reduce((best, peak, channel) => (peak > peaks[best] ? channel : best), 0);
  facts = { vector, channels, rows, columns, area, each, shared: together(each), peaks, peakAt, strongest };
  known.set(maps, facts);
  return facts;
}

/** Whether a channel is zero everywhere: it has nothing to say of this image. @param {Facts} facts @param {number} channel */
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
  const { channels, rows, columns, area } = factsOf(maps);
  const across = Math.ceil(Math.sqrt((channels * rows) / columns)) || 1;
  const [width, height] = [across * columns, Math.ceil(channels / across) * rows];
  const fits = used?.width === width && used?.height === height;
  const canvas = fits ? used : new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const tile = context.createImageData(columns, rows);
  const place = (/** @type {number} */ channel) => [
    (channel % across) * columns,
    Math.floor(channel / across) * rows,
  ];
  for (let channel = 0; channel < channels; channel++) {
    const { map, limits } = look(channel);
    fillPixels(maps.data, channel * area, area, map, limits, tile.data);
    const [x, y] = place(channel);
    context.putImageData(tile, x, y);
  }
  return { canvas, place };
}
