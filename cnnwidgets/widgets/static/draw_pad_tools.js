// @ts-check
// The pad's tools: brush, buttons, and the list of keys.

import { allow, freshId, h, number, say, segments } from "./kit.js";
import { bytesOf } from "./draw_pad_ink.js";

/** @type {import("./help.js").Keys} */
export const PAD_KEYS = [
  ["arrows", "move the cursor, cell by cell; Home, End, Page up and down go to the edges"],
  ["Space, Enter", "paint the cell"],
  ["Delete", "erase the cell"],
  ["Shift + arrows", "draw a line"],
  ["B, E", "brush, eraser"],
  ["[, ]", "smaller, larger brush"],
  ["Ctrl+Z, Ctrl+Y", "undo, redo"],
  ["X", "clear"],
  ["C", "centre, or not"],
  ["O, D", "draw over the image, back to the drawing"],
  ["P", "open a picture; Ctrl+V pastes one"],
];

const INKS = [
  ["white", "#ffffff"],
  ["grey", "#808080"],
  ["black", "#000000"],
  ["red", "#e02020"],
  ["yellow", "#ffd000"],
  ["green", "#20a040"],
  ["blue", "#2060e0"],
];

/** The inks of a colour set: some at hand, as one tab stop, and any other. @param {AbortSignal} signal */
function inks(signal) {
  const name = freshId("ink");
  const looks = { type: "radio", className: "cw-pad-ink" };
  const pots = INKS.map(([word, value]) =>
    h("input", { ...looks, name, value, "aria-label": word, title: word, style: `background: ${value}` }),
  );
  const title = "other ink";
  const other = h("input", { type: "color", className: "cw-pad-colour", "aria-label": title, title });
  const group = { className: "cw-pad-label cw-pad-inks", role: "radiogroup", "aria-label": "ink" };
  const root = h("span", group, "ink ", ...pots, other);
  const take = (/** @type {string} */ value) => {
    other.value = value;
    for (const pot of pots) pot.checked = pot.value === value;
  };
  const taken = (/** @type {Event} */ { target }) => take(/** @type {HTMLInputElement} */ (target).value);
  root.addEventListener("input", taken, { signal });
  take(pots[0].value);
  return { root, now: () => other.value };
}

/**
 * The brush: its kind, size and colour.
 * @param {number} channels @param {number} largest @param {AbortSignal} signal
 */
export function brushes(channels, largest, signal) {
  let erasing = false;
  /** @type {[string, string][]} */
  const kinds = [
    ["brush", "Brush"],
    ["eraser", "Eraser"],
  ];
  const kind = segments("tool", kinds, (value) => choose(value === "eraser"), signal);
  const range = { type: "range", min: 1, max: largest, step: 0.5 };
  const size = h("input", { ...range, id: freshId("size"), "aria-keyshortcuts": "[ ]" });
  size.value = Math.round(2 * (largest / 3)) / 2; // a twelfth of the picture: MNIST's pen
  const shown = h("output", { for: size.id });
  const label = h("label", { className: "cw-pad-label" }, "size ", size, shown);
  const ink = inks(signal);
  ink.root.hidden = channels === 1;
  const choose = (/** @type {boolean} */ erase) => {
    erasing = erase;
    kind.mark(erase ? "eraser" : "brush");
  };
  const tell = () => {
    say(shown, `${number(Number(size.value))} px`);
    size.setAttribute("aria-valuetext", `${size.value} pixels of the network's image`);
  };
  size.addEventListener("input", tell, { signal });
  choose(false);
  tell();
  return {
    root: h("div", { className: "cw-pad-tools" }, kind.root, label, ink.root),
    choose,
    resize: (/** @type {number} */ by) => {
      size.value = Number(size.value) + by;
      tell();
    },
    now: (/** @type {boolean} */ erase) => ({
      size: Number(size.value),
      colour: erase || erasing ? Array(channels).fill(0) : channels === 1 ? [255] : bytesOf(ink.now()),
    }),
  };
}

/** @param {string} text @param {string} keys @param {() => void} act @param {AbortSignal} signal */
export function action(text, keys, act, signal) {
  const title = `${text} (${keys.split(" ")[0].replace("Control", "Ctrl")})`;
  const looks = { type: "button", className: "cw-press", textContent: text, title };
  const button = h("button", { ...looks, "aria-keyshortcuts": keys });
  const press = () => button.getAttribute("aria-disabled") !== "true" && act();
  button.addEventListener("click", press, { signal });
  return { button, allow: (/** @type {boolean} */ can) => allow(button, can), press };
}
