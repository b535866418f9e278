// @ts-check
// The keys of a card, in words: opened by "?" from any of its controls, or by the button of that name.

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
  ["?", "these keys; Esc closes them"],
];

/**
 * Gives a card its help.
 * @param {{root: HTMLElement, title: HTMLElement}} card @param {Keys} keys @param {AbortSignal} signal
 */
export function keyHelp({ root, title }, keys, signal) {
  const name = h("p", { className: "cw-help-name", id: freshId("help") });
  const close = h("button", { type: "button", className: "cw-press", textContent: "Close" });
  const list = [...keys, ...ALWAYS].flatMap(([key, words]) => [
    h("dt", { textContent: key }),
    h("dd", { textContent: words }),
  ]);
  const box = h(
    "dialog",
    { className: "cw-help", "aria-labelledby": name.id },
    h("div", { className: "cw-help-head" }, name, close),
    h("dl", {}, ...list),
  );
  const open = h("button", {
    type: "button",
    className: "cw-help-open",
    textContent: "?",
    title: "Keys (?)",
    "aria-label": "keys of this card",
    "aria-haspopup": "dialog",
    "aria-keyshortcuts": "?",
  });
  title.after(open);
  root.append(box);

  const show = () => {
    say(name, `Keys · ${title.textContent}`);
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
