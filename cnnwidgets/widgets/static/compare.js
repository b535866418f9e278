// @ts-check
// Compare: what was pinned beside what is shown now, and the difference.

import { card, follow, h, number, read, say, showErrors, stateOf, twin } from "./kit.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
import { legend } from "./legend.js";
import { centred, draw, hatch, limitsBetween, limitsOf, picture, prepare } from "./paint.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {boolean} pinned
 * @property {string} a_words
 * @property {string} b_words
 * @property {string} place
 * @property {import("./kit.js").Wire | null} a_map
 * @property {import("./kit.js").Wire | null} b_map
 * @property {import("./kit.js").Wire | null} difference
 * @property {import("./kit.js").Wire | null} changes
 * @property {string[]} classes
 * @property {import("./kit.js").Wire | null} a_probabilities
 * @property {import("./kit.js").Wire | null} b_probabilities
 * @typedef {import("./kit.js").NumberArray} NumberArray
 */

const SIDE = 132; // CSS pixels
const MOST = 5;

/** The channels that changed most, in words. @param {ArrayLike<number>} changes */
export function mostChanged(changes) {
  const size = (/** @type {number} */ change) => (Number.isNaN(change) ? Infinity : change);
  const order = Array.from(changes, (change, channel) => ({ change, channel })).filter(({ change }) => size(change) > 0);
  if (!order.length) return "No channel of this layer differs.";
  order.sort((one, other) => (size(one.change) === size(other.change) ? 0 : size(other.change) - size(one.change)));
  const few = order.slice(0, MOST).map(({ change, channel }) => `${channel} (${number(change, 3)})`);
  return `${order.length} of ${changes.length} channels differ, most of all ${few.join(", ")}.`;
}

/** The limits that two maps share. @param {NumberArray | null} a @param {NumberArray | null} b */
export function sharedLimits(a, b) {
  const both = [a, b].filter((each) => each !== null).map((each) => limitsOf(/** @type {NumberArray} */ (each).data));
  const bad = both.reduce((sum, each) => sum + each.bad, 0);
  return limitsBetween(Math.min(0, ...both.map((each) => each.low)), Math.max(0, ...both.map((each) => each.high)), bad);
}

/**
 * A line for each class: its name, A, B and the change; its number, where the set has other classes than the scores.
 * @param {import("./kit.js").Numbers} before @param {import("./kit.js").Numbers} after @param {string[]} classes
 */
export function scoreRows(before, after, classes) {
  const share = (/** @type {number} */ value) => `${(100 * value).toFixed(1)} %`;
  return Array.from(after, (value, at) => {
    const points = Math.round(1000 * (value - before[at])) / 10;
    const change = `${points < 0 ? "−" : points > 0 ? "+" : ""}${Math.abs(points).toFixed(1)}`;
    return [classes.length === after.length ? classes[at] : `${at}`, share(before[at]), share(value), change];
  });
}

/** A map's numbers as written, row by row. @param {NumberArray} map */
function rowsOf({ shape: [rows, columns], data }) {
  return Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)].map((value) => number(value)));
}

/** @param {string} name */
function frameFor(name) {
  const canvas = h("canvas", { role: "img" });
  const words = h("figcaption");
  const root = h("figure", { className: "cw-side" }, canvas, words);
  /** @param {NumberArray | null} map @param {import("./paint.js").Limits} limits @param {string} text @param {string} [told] in sight, where not all of it is */
  const show = (map, limits, text, told = `${name} · ${text}`) => {
    root.hidden = !map;
    if (!map) return;
    const [rows, columns] = map.shape;
    const scale = SIDE / Math.max(rows, columns);
    const [width, height] = [columns * scale, Math.max(8, rows * scale)];
    const { context, ratio } = prepare(canvas, width, height);
    draw(context, picture(map.data, 0, rows, columns, limits.signed ? "diverging" : "viridis", limits), 0, 0, width * ratio, height * ratio);
    hatch(context, map.data, 0, rows, columns, 0, 0, width * ratio, height * ratio);
    say(words, told);
    canvas.setAttribute("aria-label", `${name}: ${text}, ${rows}×${columns}`);
  };
  return { root, show };
}

/** The place of the largest absolute value. @param {NumberArray} map */
function largest({ shape: [, columns], data }) {
  let at = 0;
  for (let i = 1; i < data.length; i++) if (Math.abs(data[i]) > Math.abs(data[at])) at = i;
  return `largest ${number(data[at])} at row ${Math.floor(at / columns)}, column ${at % columns}`;
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "compare");
    const button = (/** @type {string} */ text, /** @type {string} */ wish) => {
      const made = h("button", { type: "button", className: "cw-press", textContent: text });
      made.addEventListener("click", () => model.send({ do: wish }), { signal });
      return made;
    };
    const [pin, unpin] = [button("Pin this as A", "pin"), button("Unpin", "unpin")];
    ui.tools.append(pin, unpin);
    const [a, b, less] = [frameFor("A"), frameFor("B, now"), frameFor("B − A")];
    const [scale, change] = [legend(), legend()];
    const channels = h("output", { className: "cw-readout" });
    const empty = h("p", { className: "cw-empty", textContent: "Pin what you see now; then choose another image, another step, or edit the network." });
    const maps = h("div", { className: "cw-sides" }, a.root, b.root, less.root);
    const body = h("tbody");
    const columns = ["class", "A", "B", "change"].map((text) => h("th", { scope: "col", textContent: text }));
    const scores = h("div", { className: "cw-table" }, h("table", {}, h("caption", { textContent: "probability of each class" }), h("thead", {}, h("tr", {}, ...columns)), body));
    ui.body.append(empty, maps, channels, scores);
    ui.foot.append(scale.root, change.root);
    helping(ui, ["pinned", "feature map"], [["Enter, Space", "on a button: pin, unpin"]], signal);
    saving(ui, signal);
    const table = twin(
      "the maps and their difference",
      () => {
        const maps = [["A", "a_map"], ["B", "b_map"], ["B − A", "difference"]].map(([name, trait]) => ({ name, map: read(model.get(trait)) }));
        const rows = maps.flatMap(({ name, map }) => (map ? rowsOf(map).map((cells, row) => ({ name: `${name}, ${row}`, cells })) : []));
        const wide = Math.max(0, ...rows.map(({ cells }) => cells.length));
        return { columns: ["map, row", ...Array.from({ length: wide }, (_, at) => `${at}`)], rows };
      },
      signal,
    );
    ui.root.append(table.root);
    showErrors(ui.root, ui.alert, [model, state], signal);

    const paintScores = () => {
      const [before, after] = [read(model.get("a_probabilities")), read(model.get("b_probabilities"))];
      scores.hidden = !before || !after;
      if (!before || !after) return;
      const row = (/** @type {string[]} */ [name, ...texts]) => h("tr", {}, h("th", { scope: "row", textContent: name }), ...texts.map((text) => h("td", { textContent: text })));
      body.replaceChildren(...scoreRows(before.data, after.data, state.get("classes")).map(row));
    };
    const paint = () => {
      const pinned = model.get("pinned");
      const [one, other, change_] = ["a_map", "b_map", "difference"].map((name) => read(model.get(name)));
      say(ui.title, "Compare");
      say(ui.line, pinned ? `A: ${model.get("a_words")}. B: ${model.get("b_words")}. ${model.get("place")}.` : `Now: ${model.get("b_words")}.`);
      say(pin, pinned ? "Pin this instead" : "Pin this as A");
      const leaves = document.activeElement === unpin && !pinned;
      unpin.hidden = !pinned;
      if (leaves) pin.focus({ preventScroll: true });
      empty.hidden = pinned;
      for (const node of [maps, channels, ui.foot, table.root]) node.hidden = !pinned;
      const limits = sharedLimits(one, other);
      a.show(pinned ? one : null, limits, model.get("a_words"), "A");
      b.show(pinned ? other : null, limits, model.get("b_words"), "B, now");
      scale.show(limits.signed ? "diverging" : "viridis", limits, "A and B");
      const signed = change_ ? centred(limitsOf(change_.data)) : null;
      change.root.hidden = !signed;
      less.show(signed ? change_ : null, signed ?? limits, change_ ? largest(change_) : "");
      if (signed) change.show("diverging", signed, "B − A");
      const all = read(model.get("changes"));
      say(channels, all ? mostChanged(all.data) : "");
      paintScores();
      table.refresh();
    };
    follow([model], ["pinned", "a_words", "b_words", "place", "a_map", "b_map", "difference", "changes", "a_probabilities", "b_probabilities"], paint, signal);
  },
};
