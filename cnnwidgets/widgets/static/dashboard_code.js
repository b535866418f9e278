// @ts-check
// The dashboard's view as code: a button, and a dialog with the lines that the kernel wrote.

import { toClipboard } from "./copied.js";
import { freshId, h, say } from "./kit.js";

/** JupyterLab leaves the keys of an element with this mark alone. */
const KEYS = { "data-lm-suppress-shortcuts": "true" };

/**
 * What the lines do, what they need and what they leave out.
 * @param {string} code @param {string} view of the dashboard: "look", "explain" or "train"
 */
export function inWords(code, view) {
  const names = /^# To be defined before.*: (.*)\.$/m.exec(code)?.[1];
  const first = names
    ? `Define ${names} first: only the Python behind this page has them, and they are not written here. `
    : "";
  const less = view === "train" ? ", without the view Train and its training" : "";
  return `${first}Run these lines in a notebook: they show what you see here${less}.`;
}

/**
 * A button that asks the kernel for the code, copies it, and shows it, selected, in a dialog.
 * @param {import("./kit.js").Model} model @param {AbortSignal} signal
 */
export function codeButton(model, signal) {
  const press = (/** @type {string} */ text) =>
    h("button", { type: "button", className: "cw-press", textContent: text, ...KEYS });
  const button = press("Copy as code");
  button.setAttribute("aria-haspopup", "dialog");
  const [again, close] = [press("Copy"), press("Close")];
  const titleId = freshId("code");
  const code = h("pre", { tabIndex: 0, role: "region", "aria-label": "code of this view", ...KEYS });
  const words = h("p", { className: "cw-line" });
  const state = h("p", { className: "cw-code-state", role: "status" });
  const dialog = h(
    "dialog",
    { className: "cw-code", "aria-labelledby": titleId },
    h("h3", { className: "cw-title", id: titleId, textContent: "This view as code" }),
    words,
    code,
    h("div", { className: "cw-code-foot" }, state, h("div", { className: "cw-tools" }, again, close)),
  );
  let waiting = false;

  const copy = async () => {
    const done = await toClipboard(code.textContent);
    getSelection()?.selectAllChildren(code);
    say(state, done ? "Copied." : "Selected: press Ctrl+C, or ⌘C, to copy.");
  };
  const open = () => {
    if (!dialog.open) dialog.showModal();
    waiting = again.disabled = true;
    say(code, "");
    say(words, inWords("", model.get("view")));
    say(state, "Asking the kernel …");
    model.send({ want: "code" });
  };
  const take = (/** @type {{code?: string, problem?: string}} */ reply) => {
    if (!waiting) return; // another view of this dashboard asked
    waiting = false;
    if (reply.code === undefined) return say(state, reply.problem ?? "The kernel gave no code.");
    again.disabled = false;
    say(code, reply.code);
    say(words, inWords(reply.code, model.get("view")));
    code.focus();
    copy();
  };
  button.addEventListener("click", open, { signal });
  again.addEventListener("click", copy, { signal });
  close.addEventListener("click", () => dialog.close(), { signal });
  dialog.addEventListener("close", () => ((waiting = false), button.focus()), { signal });
  model.on("msg:custom", take);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", take);
    dialog.close();
  });
  return { button, dialog };
}
