// @ts-check
// Large maps, which come in a byte a value with what is exact beside it; coded.py says why and how.

import { read } from "./kit.js";
import { fillPixels, limitsBetween } from "./paint.js";

/**
 * @typedef {import("./kit.js").Coded} Coded @typedef {import("./kit.js").Numbers} Numbers
 * @typedef {import("./kit.js").NumberArray} NumberArray @typedef {import("./paint.js").Limits} Limits
 */

const STEPS = 254;
const NOT_FINITE = 255;

/** The facts of each channel, as they came. @param {Coded} coded @param {number} channels */
export function told(coded, channels) {
  const ends = /** @type {NumberArray} */ (read(coded.ends)).data;
  const counts = /** @type {NumberArray} */ (read(coded.counts)).data;
  /** @type {Limits[]} */
  const each = [];
  for (let channel = 0; channel < channels; channel++) {
    const [least, most] = [Math.min(0, ends[channel]), Math.max(0, ends[channels + channel])];
    each.push(limitsBetween(least, most, counts[channel]));
  }
  return { each, peaks: [...ends.subarray(channels)], peakAt: [...counts.subarray(channels)] };
}

/** What the codes of a channel stand for. @param {Limits} limits its own @returns {(code: number) => number} */
export function decoder({ low, high }) {
  return (code) => (code === NOT_FINITE ? NaN : low + (code * (high - low)) / STEPS);
}

/**
 * The pixels that `fillPixels` makes of what the codes stand for; each code's colour is looked up once.
 * @param {Numbers} codes @param {(code: number) => number} valueOf @param {string} map
 * @param {Limits} limits @param {Uint32Array} out
 */
export function fillCoded(codes, valueOf, map, limits, out) {
  const values = new Float32Array(NOT_FINITE + 1);
  for (let code = 0; code < values.length; code++) values[code] = valueOf(code); // from() takes four times as long
  const pixels = new Uint8ClampedArray(4 * values.length);
  fillPixels(values, 0, values.length, map, limits, pixels);
  const looks = new Uint32Array(pixels.buffer);
  for (let i = 0; i < codes.length; i++) out[i] = looks[codes[i]];
}

/** @type {WeakMap<Coded, Map<number, Numbers>>} */
const held = new WeakMap();

/** The channels whose exact numbers are on the page. @param {Coded} coded */
export function exactOf(coded) {
  let channels = held.get(coded);
  if (!channels) {
    channels = new Map([[coded.channel, /** @type {NumberArray} */ (read(coded.values)).data]]);
    held.set(coded, channels);
  }
  return channels;
}
