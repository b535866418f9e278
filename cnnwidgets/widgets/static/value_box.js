// @ts-check
// A box for a number that is changed in place, and the line where a text that is no number is refused.

import { h, number, say } from "./kit.js";
import { noNumber, parsed } from "./typed.js";

/** The line that refuses a text; an empty text clears it. */
export function refusal() {
  const root = h("p", { className: "cw-error", role: "alert", hidden: true });
  const show = (/** @type {string} */ text) => {
    say(root, text && noNumber(text, "0.25"));
    root.hidden = !text;
  };
  return { root, show };
}

/**
 * A box for a number that Enter, or leaving it, hands over, and Esc does not.
 * @param {{
 *   current(): number | null, choose(value: number): void, refuse(text: string): void,
 *   done?(): void, signal: AbortSignal,
 * }} options done: what follows on Enter and on Esc
 */
export function valueBox({ current, choose, refuse, done, signal }) {
  const box = h("input", { type: "text", inputMode: "decimal", className: "cw-number", autocomplete: "off" });
  let shown = "";
  const show = () => {
    const value = current();
    box.value = shown = value === null ? "" : number(value, 6);
    box.setAttribute("aria-invalid", "false");
  };
  const take = () => {
    if (box.value === shown || !box.value.trim()) return true;
    const value = parsed(box.value);
    box.setAttribute("aria-invalid", String(value === null));
    refuse(value === null ? box.value : "");
    if (value !== null) choose(value);
    return value !== null;
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") refuse("");
    else if (!take()) return; // to be mended
    show();
    done?.();
  };
  const leave = () => {
    take();
    show();
  };
  box.addEventListener("keydown", key, { signal });
  box.addEventListener("blur", leave, { signal });
  box.addEventListener("input", () => refuse(""), { signal });
  return { box, show: () => document.activeElement !== box && show() };
}
