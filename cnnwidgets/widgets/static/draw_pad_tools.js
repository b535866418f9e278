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

/** The brush: its kind, size and colour. @param {number} channels @param {number} largest @param {AbortSignal} signal */
export function brushes(channels, largest, signal) {
  let erasing = false;
  /** @type {[string, string][]} */
  const kinds = [["brush", "Brush"], ["eraser", "Eraser"]];
  const kind = segments("tool", kinds, (value) => choose(value === "eraser"), signal);
  const size = h("input", { type: "range", min: 1, max: largest, step: 0.5, id: freshId("size"), "aria-keyshortcuts": "[ ]" });
  size.value = Math.round(2 * (largest / 3)) / 2; // a twelfth of the picture: MNIST's pen
  const shown = h("output", { for: size.id });
  const label = h("label", { className: "cw-pad-label" }, "size ", size, shown);
  const colour = h("input", { type: "color", value: "#ffffff", className: "cw-pad-colour" });
  const ink = h("label", { className: "cw-pad-label", hidden: channels === 1 }, "ink ", colour);
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
    root: h("div", { className: "cw-pad-tools" }, kind.root, label, ink),
    choose,
    resize: (/** @type {number} */ by) => {
      size.value = Number(size.value) + by;
      tell();
    },
    now: (/** @type {boolean} */ erase) => ({
      size: Number(size.value),
      colour: erase || erasing ? Array(channels).fill(0) : channels === 1 ? [255] : bytesOf(colour.value),
    }),
  };
}

/** @param {string} text @param {string} keys @param {() => void} act @param {AbortSignal} signal */
export function action(text, keys, act, signal) {
  const button = h("button", { type: "button", className: "cw-press", textContent: text, "aria-keyshortcuts": keys, title: `${text} (${keys.split(" ")[0].replace("Control", "Ctrl")})` });
  const press = () => button.getAttribute("aria-disabled") !== "true" && act();
  button.addEventListener("click", press, { signal });
  return { button, allow: (/** @type {boolean} */ can) => allow(button, can), press };
}
