// @ts-check
// A slider with a mark over each of its places: one bar a place, over the knob when it is there.

import { coloursOf, freshId, h, sizeOf } from "./kit.js";
import { prepare } from "./paint.js";

const KNOB = 16; // the slider's knob, which keeps the first and last mark this far apart from the edge
const WIDEST = 8;

/** The place whose mark is at `x` of a slider. @param {number} x @param {number} width @param {number} places */
export function placeAt(x, width, places) {
  const at = ((x - KNOB / 2) / Math.max(1, width - KNOB)) * (places - 1);
  return Math.min(places - 1, Math.max(0, Math.round(at)));
}

/**
 * Where the marks of a slider are: their middles, and how wide a bar is, in CSS pixels.
 * @param {number} width @param {number} places
 */
export function spread(width, places) {
  const room = (width - KNOB) / Math.max(1, places - 1);
  const middle = (/** @type {number} */ place) => (places > 1 ? KNOB / 2 + place * room : width / 2);
  return { middle, bar: Math.max(1, Math.min(WIDEST, room * 0.6)) };
}

/**
 * A cross that stands on the floor of the marks, in place of a bar.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} floor
 * @param {number} reach @param {string} colour
 */
function cross(context, x, floor, reach, colour) {
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, reach / 3);
  context.beginPath();
  for (const side of [-1, 1]) {
    context.moveTo(x - reach, floor - reach - side * reach);
    context.lineTo(x + reach, floor - reach + side * reach);
  }
  context.stroke();
}

/**
 * A slider under its marks, which can be clicked too.
 * @param {{
 *   label: string, height: number, places(): number, choose(place: number): void,
 *   changed(): void, signal: AbortSignal,
 * }} options height: of the marks, in CSS pixels; changed: asks for a frame
 */
export function markedSlider({ label, height, places, choose, changed, signal }) {
  const id = freshId("slider");
  const marks = h("canvas", { className: "cw-marks", role: "img" });
  const slider = h("input", { type: "range", id, min: 0, step: 1, className: "cw-range" });
  const name = h("label", { className: "cw-hidden", htmlFor: id, textContent: label });
  const spoken = h("p", { className: "cw-hidden", "aria-live": "polite" });
  const root = h("div", { className: "cw-marked" }, marks, name, slider, spoken);
  let aloud = false; // a slider says itself where it is put by its own keys, but not by a button
  const size = sizeOf(root, changed, signal);
  const palette = coloursOf(marks, changed, signal);
  const click = (/** @type {MouseEvent} */ event) => {
    const edges = marks.getBoundingClientRect();
    choose(placeAt(event.clientX - edges.left, edges.width, places()));
  };
  slider.addEventListener("input", () => choose(Number(slider.value)), { signal });
  marks.addEventListener("click", click, { signal });

  /**
   * @param {number[]} heights of the marks, 0 to 1 @param {number} chosen
   * @param {(place: number) => boolean} [crossed] which places have a cross instead, where bars are wide enough
   */
  const paint = (heights, chosen, crossed = () => false) => {
    if (!size.width) return;
    const { context, ratio } = prepare(marks, size.width, height);
    const { middle, bar } = spread(size.width, heights.length);
    heights.forEach((share, place) => {
      const x = middle(place);
      if (bar >= 4 && crossed(place))
        return cross(context, x * ratio, (height - 1) * ratio, (bar / 2) * ratio, palette.edge);
      const tall = share ? Math.max(2, share * height) * ratio : ratio;
      context.fillStyle = place === chosen ? palette.accent : palette.faint;
      const wide = Math.max(1, Math.round(bar * ratio));
      context.fillRect(Math.round((x - bar / 2) * ratio), height * ratio - tall, wide, tall);
    });
  };
  /**
   * Shows a place, with its words for who cannot see it.
   * @param {number} place @param {string} words @param {string} summary of all the marks
   * @param {string} [told] what is said aloud after `announce`
   */
  const show = (place, words, summary, told = words) => {
    const last = places() - 1;
    slider.max = last;
    slider.disabled = last === 0;
    if (slider.value !== String(place)) slider.value = place;
    slider.setAttribute("aria-valuetext", words);
    marks.setAttribute("aria-label", summary);
    if (aloud) spoken.textContent = told; // though it be the same: who presses again, wants it again
    aloud = false;
  };
  return {
    root,
    slider,
    show,
    paint,
    /** Has what is shown next said aloud, for a button was pressed. */
    announce: () => (aloud = true),
  };
}
