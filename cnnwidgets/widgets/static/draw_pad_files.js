// @ts-check
// Pictures from elsewhere: chosen from a file, dropped on the card, or pasted into it.

import { h } from "./kit.js";

const MEGABYTE = 1e6;
export const LARGEST_MB = 10;

/**
 * What is wrong with a file before it is read; empty if nothing is.
 * @param {{name: string, size: number}} file
 */
export function refusalOf({ name, size }) {
  const called = name || "the picture";
  if (size === 0) return `${called} is empty; give a PNG, JPEG or WebP picture.`;
  if (size <= LARGEST_MB * MEGABYTE) return "";
  const has = (Math.ceil(size / (MEGABYTE / 10)) / 10).toFixed(1);
  return `${called} has ${has} MB, and may have ${LARGEST_MB} MB; make it smaller first.`;
}

/**
 * @param {HTMLElement} root where pictures may be dropped and pasted
 * @param {(bytes: ArrayBuffer) => void} give @param {(words: string) => void} complain @param {AbortSignal} signal
 */
export function pictures(root, give, complain, signal) {
  const input = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp", hidden: true });
  input.setAttribute("aria-label", "a picture from a file");
  const button = h("button", {
    type: "button",
    className: "cw-press",
    textContent: "Open a picture…",
    title: "PNG, JPEG or WebP; or drop or paste one (P)",
    "aria-keyshortcuts": "P",
  });
  const offer = async (/** @type {File | undefined} */ file, /** @type {string} */ missing) => {
    const refusal = file ? refusalOf(file) : missing;
    complain(refusal);
    if (!file || refusal) return;
    try {
      const bytes = await file.arrayBuffer();
      if (!signal.aborted) give(bytes);
    } catch {
      complain(`${file.name || "the picture"} could not be read; choose it again.`);
    }
  };
  const over = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    root.dataset.drop = "true";
  };
  const leave = () => delete root.dataset.drop;
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    event.stopPropagation();
    leave();
    offer(event.dataTransfer?.files[0], "What was dropped is no file; drop a PNG, JPEG or WebP picture.");
  };
  const paste = (/** @type {ClipboardEvent} */ event) => {
    event.preventDefault();
    event.stopPropagation();
    offer(event.clipboardData?.files[0], "The clipboard holds no picture; copy one first.");
  };
  const choose = () => {
    if (input.files.length) offer(input.files[0], "");
    input.value = ""; // the same file can be chosen again
  };
  input.addEventListener("change", choose, { signal });
  button.addEventListener("click", () => input.click(), { signal });
  root.addEventListener("dragover", over, { signal });
  root.addEventListener("dragleave", leave, { signal });
  root.addEventListener("drop", drop, { signal });
  root.addEventListener("paste", paste, { signal });
  return { button, input };
}
