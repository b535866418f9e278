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
const EMPTY = "Pin what you see now; then choose another image, another step, or edit the network.";

/** The channels that changed most, in words. @param {ArrayLike<number>} changes */
export function mostChanged(changes) {
  const size = (/** @type {number} */ change) => (Number.isNaN(change) ? Infinity : change);
  const all = Array.from(changes, (change, channel) => ({ change, channel }));
  const order = all.filter(({ change }) => size(change) > 0);
  if (!order.length) return "No channel of this layer differs.";
  order.sort((one, other) => (size(one.change) === size(other.change) ? 0 : size(other.change) - size(one.change)));
  const few = order.slice(0, MOST).map(({ change, channel }) => `${channel} (${number(change, 3)})`);
  return `${order.length} of ${changes.length} channels differ, most of all ${few.join(", ")}.`;
}

/** The limits that two maps share. @param {NumberArray | null} a @param {NumberArray | null} b */
export function sharedLimits(a, b) {
  const both = [a, b].filter((each) => each !== null).map((each) => limitsOf(/** @type {NumberArray} */ (each).data));
  const bad = both.reduce((sum, each) => sum + each.bad, 0);
  const [lows, highs] = [both.map((each) => each.low), both.map((each) => each.high)];
  return limitsBetween(Math.min(0, ...lows), Math.max(0, ...highs), bad);
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
  const numbers = Array.from(data, (value) => number(value));
  return Array.from({ length: rows }, (_, row) => numbers.slice(row * columns, (row + 1) * columns));
}

/** @param {string} name */
function frameFor(name) {
  const canvas = h("canvas", { role: "img" });
  const words = h("figcaption");
  const root = h("figure", { className: "cw-side" }, canvas, words);
  /**
   * @param {NumberArray | null} map @param {import("./paint.js").Limits} limits @param {string} text
   * @param {string} [told] in sight, where not all of it is
   */
  const show = (map, limits, text, told = `${name} · ${text}`) => {
    root.hidden = !map;
    if (!map) return;
    const [rows, columns] = map.shape;
    const scale = SIDE / Math.max(rows, columns);
    const [width, height] = [columns * scale, Math.max(8, rows * scale)];
    const { context, ratio } = prepare(canvas, width, height);
    const made = picture(map.data, 0, rows, columns, limits.signed ? "diverging" : "viridis", limits);
    draw(context, made, 0, 0, width * ratio, height * ratio);
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

/** A table of the numbers of all maps, a row for each row of each. @param {(NumberArray | null)[]} maps A, B, B − A */
function tableOf(maps) {
  const rows = maps.flatMap((map, at) =>
    (map ? rowsOf(map) : []).map((cells, row) => ({ name: `${["A", "B", "B − A"][at]}, ${row}`, cells })),
  );
  const wide = Math.max(0, ...rows.map(({ cells }) => cells.length));
  return { columns: ["map, row", ...Array.from({ length: wide }, (_, at) => `${at}`)], rows };
}

/** The scores of the classes, A beside B. */
function scorePart() {
  const columns = ["class", "A", "B", "change"].map((text) => h("th", { scope: "col", textContent: text }));
  const caption = h("caption", { textContent: "probability of each class" });
  const body = h("tbody");
  const table = h("table", {}, caption, h("thead", {}, h("tr", {}, ...columns)), body);
  const root = h("div", { className: "cw-table" }, table);
  const cell = (/** @type {string} */ text) => h("td", { textContent: text });
  const line = (/** @type {string[]} */ [name, ...texts]) =>
    h("tr", {}, h("th", { scope: "row", textContent: name }), ...texts.map(cell));
  /** @param {NumberArray | null} before @param {NumberArray | null} after @param {string[]} classes */
  const show = (before, after, classes) => {
    root.hidden = !before || !after;
    if (before && after) body.replaceChildren(...scoreRows(before.data, after.data, classes).map(line));
  };
  return { root, show };
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
    const empty = h("p", { className: "cw-empty", textContent: EMPTY });
    const maps = h("div", { className: "cw-sides" }, a.root, b.root, less.root);
    const scores = scorePart();
    ui.body.append(empty, maps, channels, scores.root);
    ui.foot.append(scale.root, change.root);
    helping(ui, ["pinned", "feature map"], [["Enter, Space", "on a button: pin, unpin"]], signal);
    saving(ui, signal);
    const arrays = (/** @type {string[]} */ ...names) => names.map((name) => read(model.get(name)));
    const all = () => tableOf(arrays("a_map", "b_map", "difference"));
    const table = twin("the maps and their difference", all, signal);
    ui.root.append(table.root);
    showErrors(ui.root, ui.alert, [model, state], signal);

    const paint = () => {
      const pinned = model.get("pinned");
      const [one, other, change_, changes] = arrays("a_map", "b_map", "difference", "changes");
      say(ui.title, "Compare");
      const [then, now] = [model.get("a_words"), model.get("b_words")];
      say(ui.line, pinned ? `A: ${then}. B: ${now}. ${model.get("place")}.` : `Now: ${now}.`);
      say(pin, pinned ? "Pin this instead" : "Pin this as A");
      const leaves = document.activeElement === unpin && !pinned;
      unpin.hidden = !pinned;
      if (leaves) pin.focus({ preventScroll: true });
      empty.hidden = pinned;
      for (const node of [maps, channels, ui.foot, table.root]) node.hidden = !pinned;
      const limits = sharedLimits(one, other);
      a.show(pinned ? one : null, limits, then, "A");
      b.show(pinned ? other : null, limits, now, "B, now");
      scale.show(limits.signed ? "diverging" : "viridis", limits, "A and B");
      const signed = change_ ? centred(limitsOf(change_.data)) : null;
      change.root.hidden = !signed;
      less.show(signed ? change_ : null, signed ?? limits, change_ ? largest(change_) : "");
      if (signed) change.show("diverging", signed, "B − A");
      say(channels, changes ? mostChanged(changes.data) : "");
      const [before, after] = arrays("a_probabilities", "b_probabilities");
      scores.show(before, after, state.get("classes"));
      table.refresh();
    };
    const traits = [
      "pinned", "a_words", "b_words", "place", "a_map", "b_map", "difference", "changes", "a_probabilities",
      "b_probabilities",
    ];
    follow([model], traits, paint, signal);
  },
};
