// @ts-check
// The button that pins what a card shows: from then on it shows what has changed since.

import { h } from "./kit.js";

/**
 * The difference of what is shown to what is pinned, if there is one. It comes after what is shown,
 * in a message of its own: until then that of another layer is no difference.
 * @param {import("./kit.js").Model} model @param {import("./kit.js").Wire | null} shown
 * @returns {import("./kit.js").Wire | null}
 */
export function changeOf(model, shown) {
  const change = model.get("difference");
  return shown && change && change.shape.join() === shown.shape.join() ? change : null;
}

/** @param {import("./kit.js").Model} model @param {AbortSignal} signal */
export function pinning(model, signal) {
  const looks = { type: "button", className: "cw-press cw-pin", textContent: "Δ" };
  const button = h("button", { ...looks, "aria-label": "show changes from now on" });
  button.addEventListener("click", () => model.send({ do: model.get("pinned") ? "unpin" : "pin" }), { signal });
  const mark = () => {
    const pinned = model.get("pinned");
    button.setAttribute("aria-pressed", String(Boolean(pinned)));
    button.title = pinned
      ? `changes since ${pinned}; press to see the values again`
      : "pin this, and show what changes from now on";
  };
  mark();
  return { button, mark };
}
