// @ts-check
// What feature maps say in words.

import { number } from "./kit.js";
import { factsOf, placeOf, valuesOf } from "./maps.js";

/** @typedef {import("./maps.js").Facts} Facts @typedef {import("./kit.js").NumberArray} NumberArray */

/**
 * One line in plain words. @param {Facts} facts
 */
export function inWords(facts) {
  if (!Number.isFinite(facts.peaks[facts.strongest])) return "No value of this layer is a finite number.";
  if (!facts.each.some((limits) => limits.high > 0)) return "Silent: every value is zero for this image.";
  if (facts.vector) return `One value a unit, no map. Unit ${facts.strongest} is the largest.`;
  const [row, column] = placeOf(facts, facts.peakAt[facts.strongest]);
  const most = `Channel ${facts.strongest} responds most, at row ${row}, column ${column}.`;
  return `Each map is one channel's response to the image. ${most}`;
}

/**
 * The name of a unit: its class, where the layer has one unit a class.
 * @param {number} unit @param {Facts} facts @param {string[]} classes
 */
export const unitName = (unit, facts, classes) => (facts.channels === classes.length ? classes[unit] : `${unit}`);

/** What is read at a place; nothing outside the maps, and dots for a number that is on its way.
 * @param {NumberArray} maps @param {import("./maps.js").Place} place @param {string} [what] of that place */
export function reading(maps, { channel, row, column }, what = "value") {
  const facts = factsOf(maps);
  if (channel >= facts.channels || row >= facts.rows || column >= facts.columns) return "";
  const at = row * facts.columns + column;
  const { data, start, exact } = valuesOf(maps, channel);
  const isPeak = at === facts.peakAt[channel] && Number.isFinite(facts.peaks[channel]);
  const value = exact ? number(data[start + at]) : isPeak ? number(facts.peaks[channel]) : "…";
  if (facts.vector) return `unit ${channel} · ${what} ${value}`;
  return `channel ${channel} · row ${row} · column ${column} · ${what} ${value}`;
}

/** What to do where nothing differs. @param {string} pinned what it is to @param {string} what can be chosen */
export const noChange = (pinned, what) => `Nothing differs yet from ${pinned}. ${what} to see what changes.`;

/**
 * One line in plain words, of a difference.
 * @param {Facts} facts @param {string} pinned what it is to
 * @param {string} [what] to do where nothing differs
 */
export function changeInWords(facts, pinned, what = "Choose another image, step or edit") {
  const sizes = facts.each.map((limits) => limits.high);
  const most = sizes.indexOf(Math.max(...sizes));
  if (sizes[most]) {
    const unit = facts.vector ? "unit" : "channel";
    return `What changed from ${pinned}: ${unit} ${most} most, by ${number(sizes[most], 3)}.`;
  }
  return facts.shared.bad ? `What changed from ${pinned} is not a finite number.` : noChange(pinned, what);
}
