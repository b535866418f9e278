// @ts-check
// The middle of the card: the patch and the way down; at its end a number of the image; or what to do.

import { allow, freshId, h, say } from "./kit.js";
import { deedWords, inputWords } from "./inspector_words.js";
import { grids } from "./inspector_grids.js";
import { numberWords, whyNot } from "./inspector_reading.js";

/**
 * @typedef {import("./inspector_words.js").Explained} Explained
 * @typedef {import("./inspector_reading.js").Reading} Reading
 */

/** @param {string} text @param {() => void} act @param {AbortSignal} signal */
function press(text, act, signal) {
  const button = h("button", { type: "button", className: "cw-press", textContent: text });
  button.addEventListener("click", act, { signal });
  return button;
}

/**
 * The patch, what is told of the number under the cursor, and the button to where it comes from.
 * @param {Omit<Parameters<typeof grids>[0], "spoken">} options
 */
function descent(options) {
  const said = h("output", { className: "cw-readout", id: freshId("read") });
  const go = press("Go there ↓", options.enter, options.signal);
  const deed = h("p", { className: "cw-deed" });
  const grid = grids({ ...options, spoken: said });
  const reading = h("div", { className: "cw-reading" }, go, said);
  const show = (/** @type {Explained} */ e, /** @type {Reading} */ now, /** @type {number} */ width) => {
    const at = now.hovered ?? now.at;
    const why = whyNot(now);
    if (width) grid.show(e, now.rank, at, width);
    say(said, numberWords(now, at));
    allow(go, !why);
    say(go, e.from === "input" ? "Go to the image ↓" : e.from ? `Go there: ${e.from} ↓` : "Go there ↓");
    go.title = why;
    say(deed, deedWords(e));
    deed.hidden = !deed.textContent;
  };
  return { parts: [grid.root, reading, deed], grid: grid.root, said, show };
}

/** A number of the image, below which there is nothing. @param {() => void} climb @param {AbortSignal} signal */
function ground(climb, signal) {
  const [share, given] = [h("p"), h("p")];
  const back = press("Climb back ↑", climb, signal);
  const root = h("div", { className: "cw-bottom" }, share, given, back);
  const show = (/** @type {Iterable<number> | undefined} */ values) => {
    const [first, second] = values ? inputWords(values) : ["", ""];
    say(share, first);
    say(given, second);
  };
  return { root, back, show };
}

/** @param {Omit<Parameters<typeof grids>[0], "spoken"> & {climb(): void}} options */
export function middle({ climb, ...options }) {
  const empty = h("p", { className: "cw-empty" });
  const bottom = ground(climb, options.signal);
  const patch = descent(options);
  const root = h("div", { className: "cw-inspect-main" }, empty, bottom.root, ...patch.parts);
  let refocus = false;
  const only = (/** @type {HTMLElement[]} */ ...shown) => {
    for (const part of root.children) part.hidden = !shown.includes(part);
  };
  const show = (/** @type {Explained} */ e, /** @type {Reading} */ now, /** @type {number} */ width) => {
    only(...patch.parts);
    patch.show(e, now, width);
    if (refocus) patch.grid.focus({ preventScroll: true });
    refocus = false;
  };
  /** Shows a number of the image; its button takes the focus of who came down here. */
  const showImage = (/** @type {Iterable<number> | undefined} */ values, /** @type {boolean} */ held) => {
    const falls = bottom.root.hidden && held;
    only(bottom.root);
    if (falls) bottom.back.focus({ preventScroll: true });
    bottom.show(values);
  };
  const showNothing = (/** @type {string} */ words) => {
    only(empty);
    say(empty, words);
  };
  /** Says why a key led nowhere. */
  const tell = (/** @type {string} */ words) => say(patch.said, words);
  /** Has the patch take the focus when it is shown next: the button that was pressed is gone. */
  const climbed = () => {
    refocus = true;
  };
  return { root, show, showImage, showNothing, tell, climbed };
}
