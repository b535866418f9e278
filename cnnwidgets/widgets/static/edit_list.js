// @ts-check
// The edits of a microscope in words, each with a button that takes it away, and as plain PyTorch.

import { h, say } from "./kit.js";
import { toClipboard } from "./copied.js";

/**
 * @param {import("./kit.js").Model} model with `edits` and `code`
 * @param {(text: string) => void} tell @param {AbortSignal} signal
 */
export function editList(model, tell, signal) {
  const list = h("ol", { className: "cw-edits", "aria-label": "edits" });
  const none = h("p", { className: "cw-note", tabIndex: -1 });
  const code = h("pre", { tabIndex: 0, role: "region", "aria-label": "the edits as PyTorch" });
  const lines = h("div", { hidden: true }, code);
  const press = (/** @type {string} */ text) =>
    h("button", { type: "button", className: "cw-press", textContent: text });
  const reveal = press("show as PyTorch");
  const open = (/** @type {boolean} */ wanted) => {
    lines.hidden = !wanted;
    reveal.setAttribute("aria-expanded", String(wanted));
  };
  open(false);
  reveal.addEventListener("click", () => open(lines.hidden), { signal });
  const button = press("copy as PyTorch");
  const copy = async () => {
    const done = await toClipboard(model.get("code"));
    if (signal.aborted) return;
    if (!done) {
      open(true);
      getSelection()?.selectAllChildren(code);
    }
    tell(done ? "Copied: lines that make the same edits to `model`." : "Selected: press Ctrl+C, or ⌘C, to copy.");
  };
  button.addEventListener("click", copy, { signal });
  let before = "";
  const remove = (/** @type {MouseEvent} */ event) => {
    const place = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.place;
    if (place !== undefined) model.send({ do: "remove", place: Number(place) });
  };
  list.addEventListener("click", remove, { signal });
  const show = () => {
    const edits = /** @type {string[]} */ (model.get("edits"));
    none.hidden = edits.length > 0;
    list.hidden = button.hidden = reveal.hidden = edits.length === 0;
    if (!edits.length) open(false);
    say(code, model.get("code"));
    if (before === edits.join("\n")) return;
    before = edits.join("\n");
    const focused = /** @type {HTMLElement} */ (document.activeElement);
    const held = list.contains(focused) ? Number(focused.dataset.place) : -1;
    const item = (/** @type {string} */ words, /** @type {number} */ place) => {
      const away = press("×");
      away.title = "take away";
      away.setAttribute("aria-label", `take away ${words}`);
      away.dataset.place = String(place);
      return h("li", {}, h("code", { textContent: words }), away);
    };
    list.replaceChildren(...edits.map(item));
    if (held >= 0) (list.querySelectorAll("button")[Math.min(held, edits.length - 1)] ?? none).focus();
  };
  return { list, none, lines, buttons: [button, reveal], show };
}
