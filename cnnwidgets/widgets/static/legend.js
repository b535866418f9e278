// @ts-check
// The scale of a picture's colours.

import { h, number, say } from "./kit.js";
import { colours, levelOf, LEVELS } from "./paint.js";

/** @typedef {import("./paint.js").Limits} Limits */

/** A colour scale: both limits as text, always in sight, and what was left out. */
export function legend() {
  const low = h("span");
  const high = h("span");
  const note = h("span", { className: "cw-note" });
  const bar = h("canvas", { className: "cw-bar", width: LEVELS, height: 1, role: "img" });
  const root = h("div", { className: "cw-legend" }, low, bar, high, note);
  /** @param {string} map @param {Limits} limits @param {string} words */
  const show = (map, limits, words) => {
    const context = bar.getContext("2d");
    const pixels = context.createImageData(LEVELS, 1);
    const table = colours(map);
    const flat = limits.high > limits.low ? null : levelOf(0, limits) * 3; // one value has one colour
    for (let i = 0; i < LEVELS; i++) {
      const at = flat ?? i * 3;
      pixels.data.set([...table.subarray(at, at + 3), 255], i * 4);
    }
    context.putImageData(pixels, 0, 0);
    const ends = [number(limits.low, 3), (limits.signed && limits.high ? "+" : "") + number(limits.high, 3)];
    say(low, ends[0]);
    say(high, ends[1]);
    bar.setAttribute("aria-label", `colour scale from ${ends[0]} to ${ends[1]}`);
    say(note, limits.bad ? `${words} · ${limits.bad} not finite, hatched` : words);
  };
  return { root, show };
}
