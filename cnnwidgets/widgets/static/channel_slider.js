// @ts-check
// ChannelSlider: slider, number and previous/next, with a mark for each channel's response.

import { allow, card, count, follow, h, number, numberBox, put, read, say, showErrors, stateOf, twin } from "./kit.js";
import { helping, SLIDER_KEYS } from "./help.js";
import { factsOf, isSilent } from "./maps.js";
import { markedSlider } from "./marks.js";

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

/**
 * The heights of the marks, 0 to 1, over the largest response; what is not above zero has none.
 * @param {number[]} peaks
 */
export function heights(peaks) {
  const most = Math.max(0, ...peaks.filter(Number.isFinite));
  return peaks.map((peak) => (most > 0 && peak > 0 ? Math.min(1, peak / most) : 0));
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "channel");
    const button = (/** @type {string} */ text, /** @type {string} */ label, /** @type {number} */ by) => {
      const made = h("button", { type: "button", className: "cw-press", textContent: text, "aria-label": label });
      const press = () => {
        if (made.getAttribute("aria-disabled") === "true") return;
        track.announce();
        choose(state.get("channel") + by);
      };
      made.addEventListener("click", press, { signal });
      return made;
    };
    const [previous, next] = [button("‹", "previous channel", -1), button("›", "next channel", 1)];
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
    helping(ui, ["channel"], [...SLIDER_KEYS, ["Enter", "in the box: go to the channel of that number"]], signal);
    const jump = numberBox({ label: "channel number", current: () => state.get("channel"), choose, signal });
    ui.tools.append(previous, jump.box, next);
    const track = markedSlider({
      label: "channel",
      height: HEIGHT,
      places: () => facts()?.channels ?? 1,
      choose,
      changed: () => ask(),
      signal,
    });
    ui.body.append(track.root);

    const paint = () => {
      const known = facts();
      const word = known?.vector ? "Unit" : "Channel";
      // The channel may belong to a layer whose maps are still to come.
      const chosen = Math.min(state.get("channel"), (known?.channels ?? 1) - 1);
      for (const part of [track.root, ui.tools, table.root]) part.hidden = !known;
      if (!known) {
        say(ui.title, "Channel");
        return say(ui.line, "No feature maps yet.");
      }
      const last = known.channels - 1;
      say(ui.title, `${word} ${chosen} of ${count(known.channels)}`);
      const unit = word.toLowerCase();
      const silent = known.each.filter((_, channel) => isSilent(known, channel)).length;
      const here = isSilent(known, chosen) ? "silent, zero everywhere" : number(known.peaks[chosen]);
      const crossed = silent ? `, × where it is silent (${silent})` : "";
      say(ui.line, `Marks: the largest value of each ${unit} for this image${crossed}. Here: ${here}.`);
      const value = isSilent(known, chosen) ? here : `largest value ${here}`;
      const all = `largest value of each of ${known.channels} channels, ${silent} of them silent`;
      const summary = `${all}; the table below has the numbers`;
      track.show(chosen, `${unit} ${chosen} of ${known.channels}, ${value}`, summary);
      track.paint(heights(known.peaks), chosen, (channel) => isSilent(known, channel));
      jump.box.max = last;
      jump.show();
      jump.box.disabled = last === 0;
      allow(previous, chosen > 0);
      allow(next, chosen < last);
      table.refresh();
    };
    const ask = follow([model, state], ["maps", "channel"], paint, signal);
  },
};
