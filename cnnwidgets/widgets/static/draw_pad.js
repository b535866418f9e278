// @ts-check
// DrawPad: ink to draw with, and the image that the network gets of it.

import { card, follow, h, put, say, showErrors, stateOf, times } from "./kit.js";
import { keyHelp } from "./help.js";
import { pictures } from "./draw_pad_files.js";
import { keying, pointing } from "./draw_pad_hand.js";
import { inkStore } from "./draw_pad_store.js";
import { action, brushes, PAD_KEYS } from "./draw_pad_tools.js";
import { inkView, inWords, seenView } from "./draw_pad_views.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {number | null} index
 * @property {import("./kit.js").Wire | null} image
 * @property {number | null} label
 * @property {string[]} classes
 * @property {string} source
 * @property {number} size
 * @property {import("./kit.js").Wire} ink
 * @property {boolean} centre
 * @property {[number, number]} cells
 * @property {"elsewhere" | "drawing" | "upload"} origin
 */

/**
 * What can be done with the drawing as a whole, as buttons.
 * @param {ReturnType<typeof inkStore>} store @param {(words: string) => void} done @param {AbortSignal} signal
 */
function actions(store, done, signal) {
  const undone = () => store.undo() && done(`undone, ${store.undos()} more to undo`);
  const redone = () => store.redo() && done(`redone, ${store.redos()} more to redo`);
  const act = (/** @type {() => void} */ change, /** @type {string} */ words) => () => {
    change();
    done(words);
  };
  const undo = action("Undo", "Control+Z", undone, signal);
  const redo = action("Redo", "Control+Y Control+Shift+Z", redone, signal);
  const clear = action("Clear", "X", act(store.clear, "cleared"), signal);
  const over = action("Draw over this image", "O", act(store.drawOver, "its pixels are your drawing now"), signal);
  const back = action("Back to my drawing", "D", act(store.show, "back to your drawing"), signal);
  const allow = (/** @type {boolean} */ drawn) => {
    undo.allow(store.undos() > 0);
    redo.allow(store.redos() > 0);
    clear.allow(!store.isBlank() || !drawn);
    over.allow(!drawn);
    back.allow(!drawn && !store.isBlank());
  };
  return { undo, redo, clear, over, back, allow };
}

/** @param {ReturnType<typeof inkStore>} store @param {import("./kit.js").RenderProps} props */
async function render(store, { model, el, signal, host }) {
  const state = await stateOf(model, host);
  const ui = card(el, "pad");
  const { channels, rows } = store.ink;
  const cells = () => /** @type {[number, number]} */ (model.get("cells"));
  const side = () => rows / cells()[0];

  const spoken = h("p", { className: "cw-hidden", "aria-live": "polite" });
  const refused = h("p", { className: "cw-error", role: "alert", hidden: true });
  const complain = (/** @type {string} */ words) => {
    refused.hidden = !words;
    say(refused, words);
  };
  const done = (/** @type {string} */ words) => {
    say(spoken, words);
    complain("");
    paint();
  };
  const { undo, redo, clear, over, back, allow } = actions(store, done, signal);
  const brush = brushes(channels, Math.max(4, Math.round(Math.max(...cells()) / 4)), signal);
  const give = (/** @type {ArrayBuffer} */ bytes) => model.send({ do: "upload" }, undefined, [bytes]);
  const files = pictures(ui.root, give, complain, signal);
  const centre = h("input", { type: "checkbox", "aria-keyshortcuts": "C" });
  centre.addEventListener("change", () => put(model, { centre: centre.checked }), { signal });
  keyHelp(ui, PAD_KEYS, signal);

  const canvas = h("canvas", { className: "cw-ink", tabIndex: 0, role: "application" });
  const paintInk = () => painting();
  const tools = { side, cells, brush: brush.now, paint: paintInk, tell: (/** @type {string} */ words) => say(spoken, words) };
  const keys = keying(canvas, store, tools, signal);
  const started = () => {
    complain("");
    keys.hide();
  };
  pointing(canvas, store, { side, brush: brush.now, started }, signal);
  const painting = inkView(canvas, store, model, keys.cursor);
  const seen = seenView(state, signal);

  ui.tools.append(undo.button, redo.button, clear.button);
  const centring = h("label", { className: "cw-pad-label" }, centre, "centre as MNIST does");
  const beside = h("div", { className: "cw-pad-beside" }, centring, brush.root);
  const top = h("div", { className: "cw-pad-top" }, seen.root, beside);
  const sources = h("div", { className: "cw-pad-sources" }, over.button, back.button, files.button, files.input);
  const aside = h("div", { className: "cw-pad-side" }, top, sources);
  ui.body.append(canvas, aside, seen.table, refused, spoken);
  showErrors(ui.root, ui.alert, [model, state], signal);

  const paint = () => {
    const origin = model.get("origin");
    const blank = store.isBlank();
    const [index, source] = [state.get("index"), state.get("source")];
    say(ui.title, "Draw");
    say(ui.line, inWords({ origin, blank, centre: model.get("centre"), index, source }));
    const name = `drawing pad, ${times(cells())} cells${blank ? ", empty" : ""}; ? lists its keys`;
    canvas.setAttribute("aria-label", name);
    centring.hidden = channels > 1 || cells().some((cell) => cell !== 28);
    centre.checked = model.get("centre");
    allow(origin === "drawing");
    paintInk();
    seen.paint();
  };

  const letters = /** @type {Record<string, () => void>} */ ({
    b: () => brush.choose(false),
    e: () => brush.choose(true),
    "[": () => brush.resize(-0.5),
    "]": () => brush.resize(0.5),
    x: clear.press,
    c: () => centring.hidden || centre.click(),
    o: over.press,
    d: back.press,
    p: () => files.button.click(),
  });
  const press = (/** @type {KeyboardEvent} */ event) => {
    const key = event.key.toLowerCase();
    const redoes = key === "y" || (key === "z" && event.shiftKey);
    const control = redoes ? redo.press : key === "z" ? undo.press : undefined;
    const act = event.ctrlKey || event.metaKey ? control : letters[key];
    if (!act || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  ui.root.addEventListener("keydown", press, { signal });
  const traits = ["ink", "centre", "cells", "origin", "image", "index", "source"];
  const ask = follow([model, state], traits, paint, signal);
  const sizes = new ResizeObserver(ask);
  sizes.observe(ui.body);
  signal.addEventListener("abort", () => sizes.disconnect());
}

export default () => {
  /** @type {ReturnType<typeof inkStore>} */
  let store;
  return {
    /** @param {{model: import("./kit.js").Model, signal: AbortSignal}} props */
    initialize({ model, signal }) {
      store = inkStore(model, signal); // one drawing, however many views show it
    },
    /** @param {import("./kit.js").RenderProps} props */
    render: (props) => render(store, props),
  };
};
