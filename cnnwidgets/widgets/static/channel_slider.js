// @ts-check
// ChannelSlider: slider, number and previous/next, with a mark for each channel's response.

import { card, coloursOf, count, follow, freshId, h, number, numberBox, put, read, say, showErrors, sizeOf, stateOf, twin } from "./kit.js";
import { keyHelp, SLIDER_KEYS } from "./help.js";
import { factsOf, isSilent } from "./maps.js";
import { prepare } from "./paint.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {string} layer
 * @property {number} channel
 * @property {[number, number] | null} pixel
 * @property {string} maps_layer
 * @property {import("./kit.js").Wire | null} maps
 */

const HEIGHT = 44;
const THUMB = 16; // the slider's knob, which keeps the first and last mark this far apart from the edge

/**
 * The heights of the marks, 0 to 1, over the largest response; what is not above zero has none.
 * @param {number[]} peaks
 */
export function heights(peaks) {
  const most = Math.max(0, ...peaks.filter(Number.isFinite));
  return peaks.map((peak) => (most > 0 && peak > 0 ? Math.min(1, peak / most) : 0));
}

/**
 * The mark of a channel that is zero everywhere.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y its middle
 * @param {number} reach @param {string} colour
 */
function cross(context, x, y, reach, colour) {
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, reach / 3);
  context.beginPath();
  for (const side of [-1, 1]) {
    context.moveTo(x - reach, y - side * reach);
    context.lineTo(x + reach, y + side * reach);
  }
  context.stroke();
}

/** The channel under a place on the slider. @param {number} x @param {number} width @param {number} channels */
export function channelAt(x, width, channels) {
  const at = ((x - THUMB / 2) / Math.max(1, width - THUMB)) * (channels - 1);
  return Math.min(channels - 1, Math.max(0, Math.round(at)));
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "channel");
    const id = freshId("channel");
    const marks = h("canvas", { className: "cw-marks", role: "img" });
    const slider = h("input", { type: "range", id, min: 0, step: 1, className: "cw-range" });
    const button = (/** @type {string} */ text, /** @type {string} */ label) =>
      h("button", { type: "button", className: "cw-press", textContent: text, "aria-label": label });
    const [previous, next] = [button("‹", "previous channel"), button("›", "next channel")];
    const label = h("label", { className: "cw-hidden", htmlFor: id, textContent: "channel" });
    ui.body.append(marks, label, slider);
    const table = twin(
      "the strongest response of each channel",
      () => ({
        columns: ["channel", "largest value"],
        rows: (facts()?.peaks ?? []).map((peak, i) => ({ name: `${i}`, cells: [number(peak)] })),
      }),
      signal,
    );
    ui.root.append(table.root);
    showErrors(ui.root, ui.alert, [model, state], signal);

    const facts = () => {
      const maps = read(state.get("maps"));
      return maps && factsOf(maps);
    };
    const choose = (/** @type {number} */ channel) => {
      const last = (facts()?.channels ?? 1) - 1;
      put(state, { channel: Math.min(last, Math.max(0, channel)) });
    };
    keyHelp(ui, [...SLIDER_KEYS, ["Enter", "in the box: go to the channel of that number"]], signal);
    const jump = numberBox({ label: "channel number", current: () => state.get("channel"), choose, signal });
    ui.tools.append(previous, jump.box, next);
    const listen = { signal };
    slider.addEventListener("input", () => choose(Number(slider.value)), listen);
    previous.addEventListener("click", () => choose(state.get("channel") - 1), listen);
    next.addEventListener("click", () => choose(state.get("channel") + 1), listen);
    marks.addEventListener(
      "click",
      (/** @type {MouseEvent} */ event) => {
        const edges = marks.getBoundingClientRect();
        choose(channelAt(event.clientX - edges.left, edges.width, facts()?.channels ?? 1));
      },
      listen,
    );

    const paintMarks = (/** @type {import("./maps.js").Facts} */ known, /** @type {number} */ chosen) => {
      const { peaks, channels } = known;
      const { width } = size;
      if (!width) return;
      const { context, ratio } = prepare(marks, width, HEIGHT);
      const room = (width - THUMB) / Math.max(1, channels - 1);
      const bar = Math.max(1, Math.min(8, room * 0.6));
      heights(peaks).forEach((height, channel) => {
        const x = THUMB / 2 + (channels > 1 ? channel * room : (width - THUMB) / 2);
        const tall = height ? Math.max(2, height * HEIGHT) : 1;
        context.fillStyle = channel === chosen ? palette.accent : palette.faint;
        const [w, t] = [Math.max(1, Math.round(bar * ratio)), tall * ratio];
        if (bar >= 4 && isSilent(known, channel)) cross(context, x * ratio, (HEIGHT - bar / 2 - 1) * ratio, (bar / 2) * ratio, palette.edge);
        else context.fillRect(Math.round((x - bar / 2) * ratio), HEIGHT * ratio - t, w, t);
      });
    };
    const paint = () => {
      const known = facts();
      const word = known?.vector ? "Unit" : "Channel";
      // The channel may belong to a layer whose maps are still to come.
      const chosen = Math.min(state.get("channel"), (known?.channels ?? 1) - 1);
      for (const part of [marks, slider, ui.tools, table.root]) part.hidden = !known;
      if (!known) {
        say(ui.title, "Channel");
        return say(ui.line, "No feature maps yet.");
      }
      const last = known.channels - 1;
      say(ui.title, `${word} ${chosen} of ${count(known.channels)}`);
      const unit = word.toLowerCase();
      const silent = known.each.filter((_, channel) => isSilent(known, channel)).length;
      const here = isSilent(known, chosen) ? "silent, zero everywhere" : number(known.peaks[chosen]);
      say(ui.line, `Marks: the largest value of each ${unit} for this image${silent ? `, × where it is silent (${silent})` : ""}. Here: ${here}.`);
      for (const input of [slider, jump.box]) input.max = last;
      if (slider.value !== String(chosen)) slider.value = chosen;
      jump.show();
      slider.setAttribute("aria-valuetext", `${unit} ${chosen} of ${known.channels}, ${isSilent(known, chosen) ? here : `largest value ${here}`}`);
      slider.disabled = jump.box.disabled = last === 0;
      previous.disabled = chosen <= 0;
      next.disabled = chosen >= last;
      marks.setAttribute("aria-label", `largest value of each of ${known.channels} channels, ${silent} of them silent; the table below has the numbers`);
      paintMarks(known, chosen);
      table.refresh();
    };
    const size = sizeOf(ui.body, () => ask(), signal);
    const palette = coloursOf(marks, () => ask(), signal);
    const ask = follow([model, state], ["maps", "channel"], paint, signal);
  },
};
