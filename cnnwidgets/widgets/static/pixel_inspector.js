// @ts-check
// PixelInspector: where the value of one pixel comes from, number by number, down to the image.

import { card, follow, h, put, read, say, showErrors, sizeOf, stateOf, twin } from "./kit.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
import { explainedIn, headWords, isExplained } from "./inspector_words.js";
import { account } from "./inspector_ledger.js";
import { middle } from "./inspector_middle.js";
import { nextPixel, places } from "./inspector_places.js";
import { UNREAD, chosen, hovering, numbersOf, placeAt, turned, whyNot } from "./inspector_reading.js";
import { sweeping } from "./inspector_sweep.js";
import { trails } from "./inspector_trail.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {string} layer
 * @property {number} channel
 * @property {[number, number] | null} pixel
 * @property {string} maps_layer
 * @property {import("./kit.js").Wire | null} maps
 * @property {number | null} index
 * @property {import("./kit.js").Wire | null} image
 * @property {number | null} label
 * @property {string[]} classes
 * @property {string} source
 * @property {number} size
 * @property {string} of
 * @property {string} kind
 * @property {number[]} unit
 * @property {string} rule
 * @property {string} note
 * @property {string} problem
 * @property {"" | "sum" | "maximum" | "function" | "copy" | "share" | "gradient"} operation
 * @property {string} source_layer
 * @property {number[]} source_shape
 * @property {boolean} leads
 * @property {import("./kit.js").Wire | null} contributors
 * @property {import("./kit.js").Wire | null} sums
 * @property {import("./kit.js").Wire | null} running
 * @property {import("./kit.js").Wire | null} patch
 * @property {import("./kit.js").Wire | null} weights
 * @property {import("./kit.js").Wire | null} products
 * @property {import("./kit.js").Wire | null} cells
 * @property {import("./kit.js").Wire | null} padding
 * @property {[number, number, number] | null} chosen
 * @property {import("./kit.js").Wire | null} values
 * @property {boolean} matches
 * @property {string[]} facts
 * @property {import("./kit.js").Wire | null} fact_values
 * @property {string[]} changes
 * @property {import("./kit.js").Wire | null} change_values
 * @property {number[]} field
 * @property {import("./kit.js").Wire | null} field_mask
 * @property {string} field_method
 * @property {string} field_note
 * @property {[number, number, number] | null} input_cell
 * @property {import("./kit.js").Wire | null} input_values
 */

/** @typedef {import("./kit.js").Model} Model @typedef {import("./inspector_reading.js").Reading} Reading */

const WIDE = 760;
const EMPTY = "Choose a pixel of the map: click it, or press Enter on the map for the strongest.";
/** @type {import("./help.js").Keys} */
const KEYS = [
  [
    "arrows",
    "on the patch: from number to number; on the map: from pixel to pixel; in the sum: from channel to channel",
  ],
  ["Home, End", "the first, the last"],
  ["Page up, Page down", "on the patch: the contributor before, the next"],
  ["Enter", "on the patch or in the sum: go down to where the number comes from"],
  ["Backspace, Esc", "climb back up"],
];

/**
 * The card's parts, in their places.
 * @param {ReturnType<typeof card>} ui @param {Model} model @param {Model} state @param {AbortSignal} signal
 * @param {{
 *   turnTo(change: (now: Reading) => Reading): void, enter(): void, paint(): void,
 *   climbed(mark: Reading["picked"]): void,
 * }} act what the reader does
 */
function inspection(ui, model, state, signal, { turnTo, enter, paint, climbed }) {
  const trail = trails(model, state, signal, (mark) => {
    sweep.stop();
    main.climbed();
    climbed(mark);
  });
  const where = places(model, state, signal, (pixel) => {
    sweep.stop();
    put(state, { pixel });
  });
  const next = () => {
    const map = where.mapNow();
    if (map) put(state, { pixel: nextPixel(state.get("pixel"), map.facts.rows, map.facts.columns) });
  };
  const sweep = sweeping({ next, pressed: paint, signal });
  const main = middle({
    signal,
    enter,
    climb: trail.up,
    place: (at) => turnTo((now) => chosen(now, now.rank, at)),
    turn: (by) => turnTo((now) => chosen(now, now.rank + by, now.at)),
    hover: (at) => turnTo((now) => hovering(now, at)),
  });
  const side = account({ signal, choose: (rank) => turnTo((now) => chosen(now, rank, null)), enter });
  let shown = UNREAD;
  const table = twin("the numbers, one by one", () => numbersOf(shown), signal);
  const parts = h("div", { className: "cw-inspect" }, where.root, main.root, side.root);
  ui.tools.append(sweep.button);
  ui.body.append(trail.root, parts);
  ui.root.append(table.root);
  const [room, space] = [ui.body, main.root].map((node) => sizeOf(node, paint, signal));

  const show = (/** @type {Reading} */ now) => {
    shown = now;
    const [cell, problem] = [model.get("input_cell"), model.get("problem")];
    const e = cell ? null : now.e;
    const held = [main.root, side.root].some((part) => part.contains(document.activeElement));
    const mapSide = room.width >= WIDE ? 196 : Math.min(140, Math.max(56, room.width / 2 - 8));
    const [title, line] = headWords(now.e, cell, problem);
    say(ui.title, title);
    say(ui.line, line);
    trail.paint();
    sweep.show(Boolean(where.mapNow()) && !cell);
    where.paint(mapSide, e?.from === "input" ? placeAt(now, now.hovered ?? now.at) : cell);
    for (const part of [side.root, table.root]) part.hidden = !e;
    if (cell) return main.showImage(read(model.get("input_values"))?.data, held);
    if (!e) {
      if (problem) sweep.stop();
      return main.showNothing(problem || EMPTY);
    }
    main.show(e, now, room.width && Math.max(120, space.width || room.width));
    side.show(e, now.rank);
    parts.dataset.plain = String(!e.sums);
    table.refresh();
    if (isExplained(e, state)) sweep.goOn();
  };
  return { show, trail, stop: sweep.stop, tell: main.tell };
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "inspector");
    let now = UNREAD;
    const paint = () => {
      if (read(model.get("patch")) !== (now.e?.patch ?? null)) {
        const [returns, e] = [parts.trail.returning(), explainedIn(model)];
        now = turned(now, e, returns, parts.trail.returned(e));
      }
      parts.show(now);
    };
    const turnTo = (/** @type {(now: Reading) => Reading} */ change) => {
      const before = now;
      now = change(before);
      if (now !== before) paint();
    };
    const enter = () => {
      const { e, rank, at, picked } = now;
      const [place, why] = [placeAt(now, at), whyNot(now)];
      if (!e || !place || why) return parts.tell(why);
      if (!isExplained(e, state) || model.get("input_cell")) return; // pressed twice: the answer is still to come
      parts.stop();
      parts.trail.down(e.from, place, picked ?? { channel: e.contributors[rank], at });
    };
    const climbed = (/** @type {Reading["picked"]} */ mark) => {
      now = { ...now, picked: mark ?? now.picked };
    };
    const parts = inspection(ui, model, state, signal, { turnTo, enter, paint, climbed });
    helping(ui, ["kernel", "patch", "bias", "receptive field"], KEYS, signal);
    saving(ui, signal);
    showErrors(ui.root, ui.alert, [model, state], signal);
    const up = (/** @type {KeyboardEvent} */ event) => {
      const typing = /** @type {Element} */ (event.target).matches("input, select, textarea");
      if (typing || !["Backspace", "Escape"].includes(event.key) || !parts.trail.up()) return;
      event.preventDefault();
      event.stopPropagation();
    };
    ui.root.addEventListener("keydown", up, { signal });
    const shown = ["patch", "of", "unit", "problem", "matches", "values", "field", "field_mask", "field_method"];
    const traits = [...shown, "input_cell", "input_values", "maps", "image", "layer", "channel", "pixel"];
    follow([model, state], traits, paint, signal);
  },
};
