// @ts-check
// The sum of a value as a table: a line for each of the largest contributors, the others folded
// into one, which can be opened, and folded again.

import { h, number, say } from "./kit.js";
import { headsOf, linesOf, verdictWords } from "./inspector_words.js";

/** @typedef {import("./inspector_words.js").Explained} Explained @typedef {import("./inspector_words.js").Line} Line */

const FEW = 6;
const MORE = 32;
const MARKS = /** @type {Record<string, string>} */ ({ rest: " ▾", fold: " ▴" });

/** A row of the table, for lines of one kind. @param {Line} first */
function lineRow({ rank, kind, cells: { length } }) {
  const props = { type: "button", className: "cw-term", tabIndex: -1 };
  const button = rank !== null || MARKS[kind] ? h("button", props) : null;
  const head = h("th", { scope: "row" }, ...(button ? [button] : []));
  const bar = h("span", { className: "cw-part", "aria-hidden": "true" });
  const cells = Array.from({ length }, () => document.createTextNode(""));
  const boxes = cells.map((text, i) => h("td", {}, ...(rank !== null && i === length - 2 ? [bar] : []), text));
  const tr = h("tr", { className: `cw-line-${kind}` }, head, ...boxes);
  if (button && rank !== null) button.dataset.rank = String(rank);
  if (rank === null) button?.setAttribute("aria-expanded", String(kind === "fold"));
  const name = button ?? head;
  const show = (/** @type {Line} */ line) => {
    say(name, `${line.name}${MARKS[kind] ?? ""}`);
    if (MARKS[kind]) name.setAttribute("aria-label", line.name);
    line.cells.forEach((text, i) => say(cells[i], text));
    bar.style.inlineSize = `${Math.round(28 * Math.abs(line.size))}px`;
    bar.dataset.sign = line.size < 0 ? "minus" : "plus";
  };
  return { tr, show, fits: (/** @type {Line} */ line) => line.kind === kind && line.cells.length === length };
}

/**
 * @param {{signal: AbortSignal, choose(rank: number): void, enter(): void}} options
 */
function ledger({ signal, choose, enter }) {
  const head = h("tr");
  const body = h("tbody");
  const caption = h("caption");
  const root = h("div", { className: "cw-ledger" }, h("table", {}, caption, h("thead", {}, head), body));
  let lines = FEW;
  let known = "";
  let chosen = 0;
  /** @type {Explained | null} */
  let shown = null;

  /** @type {ReturnType<typeof lineRow>[]} */
  let rows = [];
  const writeLines = (/** @type {Line[]} */ all) => {
    const same = all.length === rows.length && all.every((line, i) => rows[i].fits(line));
    if (!same) {
      rows = all.map(lineRow);
      body.replaceChildren(...rows.map(({ tr }) => tr));
    }
    all.forEach((line, i) => rows[i].show(line));
  };

  const mark = () => {
    for (const button of body.querySelectorAll("button[data-rank]")) {
      const is = Number(button.dataset.rank) === chosen;
      button.setAttribute("aria-pressed", String(is));
      button.closest("tr").classList.toggle("cw-now", is);
    }
    const stops = [...body.querySelectorAll("button")];
    const stop = stops.find((button) => button.getAttribute("aria-pressed") === "true") ?? stops[0];
    for (const button of stops) button.tabIndex = button === stop ? 0 : -1;
  };

  const show = (/** @type {Explained} */ e, /** @type {number} */ rank) => {
    const place = `${e.of}\0${e.unit[0]}`;
    if (place !== known) lines = FEW;
    const held =
      document.activeElement && body.contains(document.activeElement)
        ? /** @type {any} */ (document.activeElement).dataset.rank
        : undefined;
    if (e !== shown || place !== known) {
      const few = e.contributors.length <= FEW + 1 ? FEW + 1 : FEW;
      const all = linesOf(e, Math.max(few, lines), few);
      root.hidden = !all.length;
      say(caption, e.area > 1 ? "each channel's products, added up" : "number by number, added up");
      const heads = headsOf(e);
      if (heads.join() !== [...head.children].map((each) => each.textContent).join()) {
        head.replaceChildren(...heads.map((text) => h("th", { scope: "col", textContent: text })));
      }
      writeLines(all);
    }
    [known, shown, chosen] = [place, e, rank];
    mark();
    if (held !== undefined) body.querySelector('button[tabindex="0"]')?.focus({ preventScroll: true });
  };

  /** Opens more lines, and goes to the first of them; or folds them all, and stays at what opens them. */
  const turn = (/** @type {boolean} */ folds) => {
    if (!shown) return;
    const [e, first] = [shown, lines];
    lines = folds ? FEW : lines === FEW ? MORE : lines + MORE;
    shown = null;
    show(e, chosen);
    const button = body.querySelector(folds ? ".cw-line-rest button" : `button[data-rank="${first}"]`);
    if (button) select(button);
  };
  const select = (/** @type {any} */ button) => {
    if (button.dataset.rank !== undefined) choose(Number(button.dataset.rank));
    for (const other of body.querySelectorAll("button")) other.tabIndex = other === button ? 0 : -1;
    button.focus();
  };
  const clicked = (/** @type {MouseEvent} */ event) => {
    const button = /** @type {Element} */ (event.target).closest("tr")?.querySelector("button");
    if (!button) return;
    if (button.dataset.rank === undefined) turn(button.getAttribute("aria-expanded") === "true");
    else select(button);
  };
  body.addEventListener("click", clicked, { signal });
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const stops = [...body.querySelectorAll("button")];
    const at = stops.indexOf(/** @type {any} */ (document.activeElement));
    const last = stops.length - 1;
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: last }[event.key];
    const term = stops[at]?.dataset.rank !== undefined;
    if (to === undefined && !(event.key === "Enter" && term)) return;
    event.preventDefault();
    event.stopPropagation();
    if (to === undefined) enter();
    else select(stops[Math.max(0, Math.min(last, to))]);
  };
  body.addEventListener("keydown", press, { signal });
  return { root, show };
}

/**
 * The sum with what else is known of the value: figures of the layer, later changes, whether it is as stored.
 * @param {Parameters<typeof ledger>[0]} options
 */
export function account(options) {
  const sum = ledger(options);
  const [facts, changes, note] = ["", "", ""].map(() => h("p", { className: "cw-line" }));
  const result = h("strong", { className: "cw-result" });
  const verdict = h("span", { className: "cw-match" });
  const ending = h("p", { className: "cw-ending" }, result, verdict);
  const root = h("div", { className: "cw-inspect-sum" }, sum.root, facts, changes, ending, note);
  const show = (/** @type {Explained} */ e, /** @type {number} */ rank) => {
    sum.show(e, rank);
    say(facts, e.facts.map(([name, value]) => `${name} ${number(value)}`).join(" · "));
    say(changes, e.changes.map(([name, value]) => `${name} → ${number(value)}`).join("; "));
    const [, last] = e.changes.at(-1) ?? ["", e.result];
    say(result, `${e.operation === "gradient" ? "gradient × numbers" : ""} = ${number(last)}`);
    say(verdict, verdictWords(e));
    verdict.dataset.matches = String(e.matches);
    say(note, e.note && `${e.note[0].toUpperCase()}${e.note.slice(1)}.`);
    for (const line of [facts, changes, note]) line.hidden = !line.textContent;
  };
  return { root, show };
}
