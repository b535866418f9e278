// @ts-check
// PixelInspector: where the value of one pixel comes from, number by number, down to the image.

import { allow, card, follow, freshId, h, number, put, read, say, showErrors, sizeOf, stateOf, twin } from "./kit.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
import { beginning, deedWords, explainedIn, fromWords, inputWords, isExplained, leadWords, placeIn, placeWords, verdictWords } from "./inspector_words.js";
import { grids } from "./inspector_grids.js";
import { ledger } from "./inspector_ledger.js";
import { nextPixel, places } from "./inspector_places.js";
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

/** @typedef {import("./inspector_words.js").Explained} Explained */

const SWEEP_MS = 600;
const WIDE = 760;
const MOST_ROWS = 1000;
/** @type {import("./help.js").Keys} */
const KEYS = [
  ["arrows", "on the patch: from number to number; on the map: from pixel to pixel; in the sum: from channel to channel"],
  ["Home, End", "the first, the last"],
  ["Page up, Page down", "on the patch: the contributor before, the next"],
  ["Enter", "on the patch or in the sum: go down to where the number comes from"],
  ["Backspace, Esc", "climb back up"],
];

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "inspector");
    const listen = { signal };
    const press = (/** @type {string} */ text) => h("button", { type: "button", className: "cw-press", textContent: text });
    const sweep = press("");
    const go = press("Go there ↓");
    const said = h("output", { className: "cw-readout", id: freshId("read") });
    const deed = h("p", { className: "cw-deed" });
    const [facts, changes, note] = [h("p", { className: "cw-line" }), h("p", { className: "cw-line" }), h("p", { className: "cw-line" })];
    const result = h("strong", { className: "cw-result" });
    const verdict = h("span", { className: "cw-match" });
    const ending = h("p", { className: "cw-ending" }, result, verdict);
    const climb = press("Climb back ↑");
    const [share, given] = [h("p"), h("p")];
    const bottom = h("div", { className: "cw-bottom" }, share, given, climb);
    const empty = h("p", { className: "cw-empty" });
    const calm = matchMedia("(prefers-reduced-motion: reduce)");

    /** @type {Explained | null} */
    let e = null;
    /** @type {any} */
    let wire = null;
    let cursor = { rank: 0, at: 0 };
    /** @type {number | null} */
    let hovered = null;
    /** @type {{channel: number, at: number} | null} chosen by hand, kept while the layer stays */
    let picked = null;
    let known = "";
    let refocus = false;
    let playing = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;

    const placeOfCursor = (/** @type {number} */ at) => (e ? placeIn(e.cells.data[cursor.rank * e.area + at] ?? 0, e.shape) : null);
    const describe = (/** @type {number} */ at) => {
      if (!e) return "";
      const i = cursor.rank * e.area + at;
      const value = e.patch.data[i];
      const padded = e.padding.data[at] || !e.cells.data[i];
      const name = `${padded ? "padding" : fromWords(e)}${e.cells.data[i] ? ` · ${placeWords(placeOfCursor(at))}` : ""}`;
      if (e.operation === "share") return `${name} · ${number(value)} · e^(x − largest) = ${number(Number(e.products?.data[i]))}`;
      if (!e.weights || !e.products) return `${name} · ${number(value)}`;
      return `${name} · ${number(value)} × ${number(e.weights.data[i])} = ${number(e.products.data[i])}`;
    };
    const select = (/** @type {number} */ rank, /** @type {number | null} */ at) => {
      if (!e) return;
      const to = Math.max(0, Math.min(e.sent - 1, rank));
      cursor = at === null ? beginning(e, to) : { rank: to, at };
      picked = { channel: e.contributors[to], at: cursor.at };
      paint();
    };
    const stop = () => {
      clearTimeout(timer);
      timer = undefined;
      playing = false;
    };
    const enter = () => {
      const place = placeOfCursor(cursor.at);
      if (!e || !place || !e.leads) return say(said, whyNot());
      if (!isExplained(e, state) || model.get("input_cell")) return; // pressed twice: the answer is still to come
      stop();
      if (e.from === "input") put(model, { input_cell: place });
      else trail.down(e.from, place, picked ?? { channel: e.contributors[cursor.rank], at: cursor.at });
    };
    const whyNot = () => {
      if (!e) return "";
      if (!placeOfCursor(cursor.at)) return "This is padding: nothing lies below it.";
      if (!e.from) return "Where this number comes from is not known: the model made it outside its layers.";
      return e.leads ? "" : `${e.from} cannot be looked at in this microscope.`;
    };
    const climbed = (/** @type {any} */ mark) => {
      stop();
      picked = mark ?? picked;
      refocus = true; // the button that was pressed is gone
    };
    const trail = trails(model, state, signal, climbed);
    const where = places(model, state, signal, (pixel) => {
      stop();
      put(state, { pixel });
    });
    const grid = grids({
      signal,
      place: (at) => select(cursor.rank, at),
      enter,
      turn: (by) => select(cursor.rank + by, cursor.at),
      hover: (at) => {
        if (at === hovered) return;
        hovered = at;
        paint();
      },
      spoken: said,
    });
    const sum = ledger({ signal, choose: (rank) => select(rank, null), enter });
    const table = twin(
      "the numbers, one by one",
      () => {
        if (!e) return { columns: [], rows: [] };
        const { cells, patch, shape, area } = e;
        const arrays = [patch, e.operation === "share" ? null : e.weights, e.products];
        const names = ["number", e.operation === "gradient" ? "gradient" : "weight", e.operation === "share" ? "power" : "product"];
        const [from, to] = area === 1 ? [0, Math.min(MOST_ROWS, patch.data.length)] : [cursor.rank * area, (cursor.rank + 1) * area];
        const rows = Array.from({ length: to - from }, (_, i) => ({
          name: placeWords(placeIn(cells.data[from + i], shape)),
          cells: arrays.flatMap((array) => (array ? [number(array.data[from + i])] : [])),
        }));
        return { columns: ["where", ...names.filter((_, i) => arrays[i])], rows };
      },
      signal,
    );
    const reading = h("div", { className: "cw-reading" }, go, said);
    const main = h("div", { className: "cw-inspect-main" }, empty, bottom, grid.root, reading, deed);
    const side = h("div", { className: "cw-inspect-sum" }, sum.root, facts, changes, ending, note);
    ui.tools.append(sweep);
    const parts = h("div", { className: "cw-inspect" }, where.root, main, side);
    ui.body.append(trail.root, parts);
    ui.root.append(table.root);
    helping(ui, ["kernel", "patch", "bias", "receptive field"], KEYS, signal);
    saving(ui, signal);
    showErrors(ui.root, ui.alert, [model, state], signal);
    go.addEventListener("click", enter, listen);
    climb.addEventListener("click", trail.up, listen);

    const advance = () => {
      timer = undefined;
      const now = where.mapNow();
      if (now) put(state, { pixel: nextPixel(state.get("pixel"), now.facts.rows, now.facts.columns) });
    };
    sweep.addEventListener("click", () => {
      if (playing) stop();
      else {
        playing = !calm.matches; // who wants little motion takes one step a press
        advance();
      }
      paint();
    }, listen);
    signal.addEventListener("abort", stop);
    ui.root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const typing = /** @type {Element} */ (event.target).matches("input, select, textarea");
      if (typing || !["Backspace", "Escape"].includes(event.key) || !trail.up()) return;
      event.preventDefault();
      event.stopPropagation();
    }, listen);

    const news = () => {
      if (model.get("patch") === wire) return;
      wire = model.get("patch");
      e = explainedIn(model);
      hovered = null;
      const place = e ? e.of : "";
      if (place !== known && !trail.returning()) picked = null;
      known = place;
      picked = trail.returned(e) ?? picked;
      if (!e) return;
      const rank = picked ? e.contributors.indexOf(picked.channel) : -1;
      const kept = picked && rank >= 0 && rank < e.sent && picked.at < e.area;
      cursor = kept && picked && e.operation !== "maximum" ? { rank, at: picked.at } : beginning(e, null);
    };
    const paintInput = (/** @type {number[]} */ cell) => {
      const values = read(model.get("input_values"));
      say(ui.title, `input · ${placeWords(cell)}`);
      say(ui.line, `The image itself: there is nothing below. ${e ? `${e.of} was given this number.` : ""}`);
      const [first, second] = values ? inputWords(values.data) : ["", ""];
      say(share, first);
      say(given, second);
    };
    const paint = () => {
      news();
      const cell = model.get("input_cell");
      const atInput = Boolean(cell);
      const problem = model.get("problem");
      const focused = document.activeElement;
      const held = bottom.hidden && atInput && (main.contains(focused) || side.contains(focused));
      for (const part of [grid.root, reading, side, table.root, deed]) part.hidden = !e || atInput;
      bottom.hidden = !atInput;
      if (held) climb.focus({ preventScroll: true });
      empty.hidden = Boolean(e) || atInput;
      trail.paint();
      sweep.hidden = !where.mapNow() || atInput;
      say(sweep, playing ? "❚❚ Pause" : calm.matches ? "Next position ▸" : "▶ Slide over the map");
      const width = room.width;
      const [mapSide, lit] = [width >= WIDE ? 196 : Math.min(140, Math.max(56, width / 2 - 8)), e?.from === "input" && !atInput ? placeOfCursor(hovered ?? cursor.at) : cell];
      where.paint(mapSide, lit);
      if (atInput) return paintInput(cell);
      if (!e) {
        if (problem) stop();
        say(ui.title, "Pixel inspector");
        say(ui.line, problem ? "This value cannot be taken apart." : "Where does this number come from?");
        return say(empty, problem || "Choose a pixel of the map: click it, or press Enter on the map for the strongest.");
      }
      const at = hovered ?? cursor.at;
      say(ui.title, `${e.of} · ${placeWords(e.unit)}: ${number(e.stored)}`);
      say(ui.line, leadWords(e));
      if (width) grid.show(e, cursor.rank, at, Math.max(120, space.width || width));
      if (refocus) grid.root.focus({ preventScroll: true });
      refocus = false;
      say(said, describe(at));
      allow(go, !whyNot());
      say(go, e.from === "input" ? "Go to the image ↓" : e.from ? `Go there: ${e.from} ↓` : "Go there ↓");
      go.title = whyNot();
      say(deed, deedWords(e));
      deed.hidden = !deed.textContent;
      sum.show(e, cursor.rank);
      parts.dataset.plain = String(!e.sums);
      say(facts, e.facts.map(([name, value]) => `${name} ${number(value)}`).join(" · "));
      facts.hidden = !e.facts.length;
      say(changes, e.changes.map(([name, value]) => `${name} → ${number(value)}`).join("; "));
      changes.hidden = !e.changes.length;
      say(result, `${e.operation === "gradient" ? "gradient × numbers" : ""} = ${number(e.changes.length ? /** @type {[string, number]} */ (e.changes.at(-1))[1] : e.result)}`);
      say(verdict, verdictWords(e));
      verdict.dataset.matches = String(e.matches);
      say(note, e.note && `${e.note[0].toUpperCase()}${e.note.slice(1)}.`);
      note.hidden = !e.note;
      table.refresh();
      if (playing && timer === undefined && isExplained(e, state)) timer = setTimeout(advance, SWEEP_MS);
    };
    const repaint = () => paint();
    const room = sizeOf(ui.body, repaint, signal);
    const space = sizeOf(main, repaint, signal);
    const traits = ["patch", "of", "unit", "problem", "matches", "values", "field", "field_mask", "field_method", "input_cell", "input_values", "maps", "image", "layer", "channel", "pixel"];
    follow([model, state], traits, paint, signal);
  },
};
