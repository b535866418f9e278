// @ts-check
// The words and the keys of a card: opened by "?" from any of its controls, or by the button of that name.

import { GLOSSARY } from "./glossary.js";
import { freshId, h, say } from "./kit.js";

/** Keys and what they do. @typedef {[keys: string, words: string][]} Keys */

/** @type {Keys} */
export const GRID_KEYS = [
  ["arrows", "select the one beside it, above or below"],
  ["Home, End", "select the first, the last"],
  ["Page up, Page down", "go a screenful up or down"],
];

/** @type {Keys} */
export const SLIDER_KEYS = [
  ["arrows", "one back, one on"],
  ["Home, End", "to the first, the last"],
  ["Page up, Page down", "in large steps"],
];

/** @type {Keys} */
const ALWAYS = [
  ["Tab, Shift + Tab", "to the next control, the one before"],
  ["?", "this help; Esc closes it"],
];

/** What each of some things is. @param {[string, string][]} pairs */
function meanings(pairs) {
  const entries = pairs.map(([what, meaning]) => [h("dt", { textContent: what }), h("dd", { textContent: meaning })]);
  return h("dl", {}, ...entries.flat());
}

/**
 * Gives a card its help: what its words mean, and what its keys do.
 * @param {{root: HTMLElement, title: HTMLElement}} card @param {import("./glossary.js").Term[]} terms
 * @param {Keys} keys @param {AbortSignal} signal
 */
export function helping({ root, title }, terms, keys, signal) {
  const name = h("p", { className: "cw-help-name", id: freshId("help") });
  const close = h("button", { type: "button", className: "cw-press", textContent: "Close" });
  const part = (/** @type {string} */ text) => h("p", { className: "cw-help-part", textContent: text });
  const box = h(
    "dialog",
    { className: "cw-help", "aria-labelledby": name.id },
    h("div", { className: "cw-help-head" }, name, close),
    ...(terms.length ? [part("Words"), meanings(terms.map((term) => [term, GLOSSARY[term]]))] : []),
    part("Keys"),
    meanings([...keys, ...ALWAYS]),
  );
  const open = h("button", {
    type: "button",
    className: "cw-help-open",
    textContent: "?",
    title: "Words and keys (?)",
    "aria-label": "words and keys of this card",
    "aria-haspopup": "dialog",
    "aria-keyshortcuts": "?",
  });
  title.after(open);
  root.append(box);

  const show = () => {
    say(name, `Help · ${title.textContent}`);
    box.showModal(); // closed, it gives the focus back to who had it
  };
  const toggle = () => (box.open ? box.close() : show());
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "?" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      toggle();
      event.stopPropagation();
    } else if (box.open) event.stopPropagation(); // the card's own keys rest meanwhile
  };
  root.addEventListener("keydown", press, { signal, capture: true });
  open.addEventListener("click", show, { signal });
  close.addEventListener("click", () => box.close(), { signal });
  const outside = (/** @type {MouseEvent} */ event) => event.target === box && box.close();
  box.addEventListener("click", outside, { signal });
}
