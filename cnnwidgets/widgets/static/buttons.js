// @ts-check
// Buttons that several cards have.

import { allow, h } from "./kit.js";

/**
 * A button that does nothing while it is disabled in name, by `allow`.
 * @param {string} text @param {() => void} act @param {AbortSignal} signal @param {string} [label]
 */
export function press(text, act, signal, label = text) {
  const button = h("button", { type: "button", className: "cw-press", textContent: text, "aria-label": label });
  button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && act(), { signal });
  return button;
}

/**
 * Undo and redo, as buttons and as keys.
 * @param {import("./kit.js").Model} model @param {AbortSignal} signal
 * @param {EventTarget[]} [boxes] that undo their own text
 */
export function undoPart(model, signal, boxes = []) {
  const buttons = ["undo", "redo"].map((wish) => press(wish, () => model.send({ do: wish }), signal));
  const keys = (/** @type {KeyboardEvent} */ event) => {
    const { target, altKey, ctrlKey, metaKey, shiftKey } = event;
    if (!(ctrlKey || metaKey) || altKey || boxes.includes(/** @type {EventTarget} */ (target))) return;
    const letter = event.key.toLowerCase();
    const wish = letter === "y" || (letter === "z" && shiftKey) ? "redo" : letter === "z" ? "undo" : "";
    if (!wish) return;
    event.preventDefault();
    event.stopPropagation();
    if (model.get(`can_${wish}`)) model.send({ do: wish });
  };
  const show = () => {
    for (const button of buttons) allow(button, model.get(`can_${button.textContent}`));
  };
  return { buttons, keys, show };
}
