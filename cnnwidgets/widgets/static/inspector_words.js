// @ts-check
// An explanation of one value: read from a model, told in words, and as the lines of its sum.

import { count, number, read, times } from "./kit.js";

/**
 * @typedef {import("./kit.js").NumberArray} NumberArray
 * @typedef {{
 *   of: string, kind: string, unit: number[], rule: string, note: string, problem: string, operation: string,
 *   from: string, shape: number[], leads: boolean, contributors: number[], sums: number[] | null,
 *   running: number[] | null, patch: NumberArray, weights: NumberArray | null, products: NumberArray | null,
 *   cells: NumberArray, padding: NumberArray, chosen: number[] | null, bias: number, result: number,
 *   stored: number, difference: number, matches: boolean, facts: [string, number][], changes: [string, number][],
 *   rows: number, columns: number, area: number, sent: number,
 * }} Explained
 * @typedef {{rank: number | null, name: string, cells: string[], size: number, kind: string}} Line
 */

/**
 * What a model says of a value, or null where it explains none.
 * @param {import("./kit.js").Model} model @returns {Explained | null}
 */
export function explainedIn(model) {
  const patch = read(model.get("patch"));
  if (!model.get("of") || !patch) return null;
  const list = (/** @type {string} */ name) => {
    const found = read(model.get(name));
    return found && [...found.data];
  };
  const pairs = (/** @type {string} */ names, /** @type {string} */ values) => {
    const numbers = list(values) ?? [];
    return model.get(names).map((/** @type {string} */ name, /** @type {number} */ i) => [name, numbers[i]]);
  };
  const [bias, result, stored, difference] = /** @type {number[]} */ (list("values"));
  const [sent, rows, columns] = patch.shape;
  const plain = Object.fromEntries(
    ["of", "kind", "unit", "rule", "note", "problem", "operation", "leads", "chosen", "matches"].map((name) => [
      name,
      model.get(name),
    ]),
  );
  const arrays = Object.fromEntries(
    ["weights", "products", "cells", "padding"].map((name) => [name, read(model.get(name))]),
  );
  return /** @type {any} */ ({
    ...plain,
    ...arrays,
    patch,
    from: model.get("source_layer"),
    shape: model.get("source_shape"),
    contributors: list("contributors"),
    sums: list("sums"),
    running: list("running"),
    facts: pairs("facts", "fact_values"),
    changes: pairs("changes", "change_values"),
    ...{ bias, result, stored, difference, sent, rows, columns, area: rows * columns },
  });
}

/** Whether it is the selected value that is explained. @param {Explained} e @param {import("./kit.js").Model} state */
export function isExplained({ of, unit }, state) {
  if (of !== state.get("layer")) return false;
  const selected = [state.get("channel"), ...(state.get("pixel") ?? [])];
  return ![1, 3].includes(unit.length) || unit.join() === selected.join();
}

/**
 * Where a cell lies in the maps it comes from; null for padding.
 * @param {number} cell counted from 1 @param {number[]} shape
 */
export function placeIn(cell, shape) {
  if (!cell) return null;
  if (shape.length === 1) return [cell - 1];
  const [, rows, columns] = shape;
  const rest = (cell - 1) % (rows * columns);
  return [Math.floor((cell - 1) / (rows * columns)), Math.floor(rest / columns), rest % columns];
}

/** @param {number[] | null} place */
export function placeWords(place) {
  if (!place) return "padding";
  if (place.length === 1) return `unit ${place[0]}`;
  const [row, column] = place.slice(-2);
  const pixel = `row ${row}, column ${column}`;
  return place.length === 2 ? pixel : place.length === 3 ? `channel ${place[0]}, ${pixel}` : place.join(", ");
}

/** Where the numbers come from, in words. @param {Explained} e */
export const fromWords = (e) => (e.from === "input" ? "the image" : e.from || "what the layer was given");

/** One line in plain words: what the layer does to get such a value. @param {Explained} e */
export function leadWords(e) {
  const size = times([e.rows, e.columns]);
  const from = fromWords(e);
  const all = e.contributors.length;
  const many = count(all * e.area);
  switch (e.operation) {
    case "maximum":
      return `${e.of} takes the largest of ${size} numbers of ${from}; the others have no say.`;
    case "function":
      return `${e.of} makes one number of another: ${e.rule || `${e.kind}(x)`}, where x is a value of ${from}.`;
    case "copy":
      return `${e.of} passes a number of ${from} on, unchanged.`;
    case "share":
      return `e to the power of each of ${many} numbers, less the largest; this one's share of all of them.`;
    case "gradient":
      return `${e.of} is not taken apart. The gradient tells how fast the value changes with each number of ${from}.`;
  }
  if (e.facts.some(([name]) => name === "divisor"))
    return `${e.of} takes the mean of ${size} numbers of ${from}: each is multiplied by one over their number.`;
  if (e.facts.some(([name]) => name === "variance"))
    return `${e.of} scales one number of ${from} by weight ∕ √(variance + eps), and shifts it.`;
  const patches = all === 1 ? `One ${size} patch` : `${count(all)} patches, ${size} each,`;
  const each = e.area > 1 ? patches : `${count(all)} ${all === 1 ? "number" : "numbers"}`;
  const by = `number by number times ${all === 1 ? "the kernel" : "their weights"}`;
  return `${each} of ${from}, ${by}; all added up${e.bias ? ", and the bias" : ""}.`;
}

/**
 * The card's title and its line. @param {Explained | null} e @param {number[] | null} cell of the image, at the end of
 * the way down @param {string} problem
 */
export function headWords(e, cell, problem) {
  const given = e ? `${e.of} was given this number.` : "";
  if (cell) return [`input · ${placeWords(cell)}`, `The image itself: there is nothing below. ${given}`];
  if (e) return [`${e.of} · ${placeWords(e.unit)}: ${number(e.stored)}`, leadWords(e)];
  return ["Pixel inspector", problem ? "This value cannot be taken apart." : "Where does this number come from?"];
}

/** What became of the numbers, for a layer that does not add them up. @param {Explained} e */
export function deedWords(e) {
  const x = e.patch.data[0];
  if (e.operation === "maximum") {
    if (!e.chosen) return "Nothing but padding lies here: the largest number is −∞.";
    const [, row, column] = e.chosen;
    const cell = e.cells.data[row * e.columns + column];
    return `${number(e.result)} wins: ${placeWords(placeIn(cell, e.shape))} of ${fromWords(e)}.`;
  }
  if (e.operation === "function") {
    const became = e.result === x ? ": unchanged" : e.result === 0 ? ": cut to zero" : "";
    return `x = ${number(x)}, and ${e.rule || `${e.kind}(x)`} = ${number(e.result)}${became}.`;
  }
  if (e.operation === "copy") return `${number(x)} stays ${number(e.result)}.`;
  if (e.operation === "share" && e.chosen && e.products) {
    const [rank, row, column] = e.chosen;
    const own = (rank * e.rows + row) * e.columns + column;
    if (own >= e.products.data.length) return "";
    const all = number(Number(e.running?.at(-1)));
    const share = e.kind === "LogSoftmax" ? "the logarithm of its share" : "its share";
    return `${number(e.products.data[own])} of ${all} in all: ${share} is ${number(e.result)}.`;
  }
  return "";
}

/** Whether it is the stored value. @param {Explained} e */
export function verdictWords(e) {
  if (e.matches) return "matches the stored value";
  const words = `differs by ${number(e.difference, 3)} from the stored value, ${number(e.stored)}`;
  return e.operation === "gradient" ? `${words}: slopes need not add up to it` : words;
}

/** The heads of the columns that `linesOf` fills. @param {Explained} e */
export function headsOf(e) {
  if (e.area > 1) return ["from", e.operation === "share" ? "sum of powers" : "sum of products", "running sum"];
  const [times, made] =
    e.operation === "share"
      ? [[], "e^(x − largest)"]
      : [[e.operation === "gradient" ? "gradient" : "weight"], "product"];
  return ["from", "number", ...times, made, "running sum"];
}

/**
 * The sum, line by line: the largest contributors, the others together, the bias, the result.
 * @param {Explained} e @param {number} shown how many contributors have a line of their own
 * @param {number} few how many have one where the others are folded
 * @returns {Line[]}
 */
export function linesOf(e, shown, few = shown) {
  const { sums, running } = e;
  if (!sums || !running) return [];
  const width = headsOf(e).length - 1;
  const blank = (/** @type {string[]} */ ...last) => [...Array(width - last.length).fill(""), ...last];
  const end = Math.min(shown, sums.length);
  const largest = Math.max(...sums.filter(Number.isFinite).map(Math.abs), 0);
  const share = (/** @type {number} */ sum) => (largest > 0 && Number.isFinite(sum) ? sum / largest : 0);
  // A layer over a sequence, or over whole maps, counts single numbers, of any channel.
  const isChannel = (/** @type {number} */ rank) => {
    const place = placeIn(e.cells.data[rank * e.area], e.shape);
    return !place || place[0] === e.contributors[rank];
  };
  const byChannel = e.shape.length === 3 && e.contributors.slice(0, e.sent).every((_, rank) => isChannel(rank));
  /** @type {Line[]} */
  const lines = [];
  for (let rank = 0; rank < end; rank++) {
    const alone = e.area === 1 && rank < e.sent;
    const numbers = alone
      ? [e.patch, e.operation === "share" ? null : e.weights].flatMap((array) =>
          array ? [number(array.data[rank])] : [],
        )
      : [];
    const place = alone && !byChannel ? placeIn(e.cells.data[rank], e.shape) : null;
    const named = place && e.shape[0] === 1 && place.length === 3 ? place.slice(1) : place;
    const name = named ? placeWords(named) : `channel ${e.contributors[rank]}`;
    lines.push({
      rank,
      name,
      cells: blank(...numbers, number(sums[rank]), number(running[rank])),
      size: share(sums[rank]),
      kind: "term",
    });
  }
  const line = (/** @type {string} */ kind, /** @type {string} */ name, /** @type {string[]} */ ...last) =>
    lines.push({ rank: null, name, cells: blank(...last), size: 0, kind });
  if (end < sums.length) {
    const rest = sums.slice(end).reduce((sum, each) => sum + each, 0);
    line(
      "rest",
      `the ${count(sums.length - end)} ${sums.length - end === 1 ? "other" : "others"}`,
      number(rest),
      number(/** @type {number} */ (running.at(-1))),
    );
  }
  if (end > few) line("fold", `only the ${count(few)} largest`);
  const has = (/** @type {string} */ fact) => e.facts.some(([name]) => name === fact);
  if (e.operation === "sum" && !has("divisor"))
    line("bias", has("variance") ? "shift" : "bias", number(e.bias), number(e.result));
  return lines;
}

/**
 * The cell where reading begins: the winner, a softmax's own, else the largest product.
 * @param {Explained} e @param {number | null} rank of a contributor that was chosen
 */
export function beginning(e, rank) {
  if (rank === null && e.chosen && e.chosen[0] < e.sent)
    return { rank: e.chosen[0], at: e.chosen[1] * e.columns + e.chosen[2] };
  const first = rank ?? 0;
  const numbers = (e.products ?? e.patch).data.subarray(first * e.area, (first + 1) * e.area);
  let at = 0;
  for (let i = 1; i < numbers.length; i++) if (Math.abs(numbers[i]) > Math.abs(numbers[at])) at = i;
  return { rank: first, at };
}

/** How a number of the image became what the network was given. @param {Iterable<number>} values */
export function inputWords([byte, share, mean, std, given]) {
  const sum = `(${number(share)} − ${number(mean)}) ∕ ${number(std)} = ${number(given)}`;
  return [
    `${number(byte)} of 255 in the picture: as a share, ${number(share)}.`,
    `Normalised, less the mean and over the deviation: ${sum}.`,
  ];
}
