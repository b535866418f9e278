// @ts-check
// Where the reader stands in an explanation, and what is told of the number there.

import { number } from "./kit.js";
import { beginning, fromWords, placeIn, placeWords } from "./inspector_words.js";

/**
 * `rank` and `at` are the contributor that is read and the number of its patch, `hovered` is the number
 * under the pointer; `picked` was chosen by hand, and is kept while the layer stays.
 * @typedef {import("./inspector_words.js").Explained} Explained @typedef {import("./inspector_trail.js").Mark} Mark
 * @typedef {{e: Explained | null, rank: number, at: number, hovered: number | null, picked: Mark | null}} Reading
 */

const MOST_ROWS = 1000;

/** @type {Reading} */
export const UNREAD = { e: null, rank: 0, at: 0, hovered: null, picked: null };

/**
 * The reading of another explanation: it begins where the reader stood, if that is still there.
 * @param {Reading} now @param {Explained | null} e
 * @param {boolean} returns whether a way up is under way @param {Mark | null} mark where it led to
 */
export function turned(now, e, returns, mark) {
  const stays = returns || e?.of === now.e?.of;
  const picked = mark ?? (stays ? now.picked : null);
  const next = { ...now, e, hovered: null, picked };
  if (!e) return next;
  const rank = picked ? e.contributors.indexOf(picked.channel) : -1;
  const kept = picked && rank >= 0 && rank < e.sent && picked.at < e.area && e.operation !== "maximum";
  return { ...next, ...(kept ? { rank, at: picked.at } : beginning(e, null)) };
}

/**
 * The same, read at another number.
 * @param {Reading} now @param {number} rank @param {number | null} at null for where that contributor begins
 */
export function chosen(now, rank, at) {
  const { e } = now;
  if (!e) return now;
  const to = Math.max(0, Math.min(e.sent - 1, rank));
  const there = at === null ? beginning(e, to) : { rank: to, at };
  return { ...now, ...there, picked: { channel: e.contributors[to], at: there.at } };
}

/** The same, with a number under the pointer, or none. @param {Reading} now @param {number | null} at */
export const hovering = (now, at) => (at === now.hovered ? now : { ...now, hovered: at });

/** Where a number comes from; null for padding. @param {Reading} now @param {number} at */
export const placeAt = ({ e, rank }, at) => e && placeIn(e.cells.data[rank * e.area + at] ?? 0, e.shape);

/** What a number is and what it is multiplied by. @param {Reading} now @param {number} at */
export function numberWords(now, at) {
  const { e } = now;
  if (!e) return "";
  const i = now.rank * e.area + at;
  const place = placeAt(now, at);
  const name = `${e.padding.data[at] || !place ? "padding" : fromWords(e)}${place ? ` · ${placeWords(place)}` : ""}`;
  const told = `${name} · ${number(e.patch.data[i])}`;
  if (e.operation === "share") return `${told} · e^(x − largest) = ${number(Number(e.products?.data[i]))}`;
  if (!e.weights || !e.products) return told;
  return `${told} × ${number(e.weights.data[i])} = ${number(e.products.data[i])}`;
}

/** Why no way leads down from where the reader stands, or nothing. @param {Reading} now */
export function whyNot(now) {
  const { e } = now;
  if (!e) return "";
  if (!placeAt(now, now.at)) return "This is padding: nothing lies below it.";
  if (!e.from) return "Where this number comes from is not known: the model made it outside its layers.";
  return e.leads ? "" : `${e.from} cannot be looked at in this microscope.`;
}

/** The numbers as a table: of the patch that is read, or all where each patch is a number. @param {Reading} now */
export function numbersOf({ e, rank }) {
  if (!e) return { columns: [], rows: [] };
  const { patch, area, operation } = e;
  const share = operation === "share";
  const arrays = [patch, share ? null : e.weights, e.products];
  const names = ["number", operation === "gradient" ? "gradient" : "weight", share ? "power" : "product"];
  const [from, to] = area === 1 ? [0, Math.min(MOST_ROWS, patch.data.length)] : [rank * area, (rank + 1) * area];
  const rows = Array.from({ length: to - from }, (_, i) => ({
    name: placeWords(placeIn(e.cells.data[from + i], e.shape)),
    cells: arrays.flatMap((array) => (array ? [number(array.data[from + i])] : [])),
  }));
  return { columns: ["where", ...names.filter((_, i) => arrays[i])], rows };
}
