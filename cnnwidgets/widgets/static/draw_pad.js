// @ts-check
// DrawPad: ink to draw with, and the image that the network gets of it.

import { card, follow, h, put, say, showErrors, sizeOf, stateOf, times } from "./kit.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
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

/**
 * The switch for centring, which is there for sets like MNIST alone.
 * @param {import("./kit.js").Model} model @param {AbortSignal} signal
 */
function centring(model, signal) {
  const box = h("input", { type: "checkbox", "aria-keyshortcuts": "C" });
  const root = h("label", { className: "cw-pad-label" }, box, "centre as MNIST does");
  box.addEventListener("change", () => put(model, { centre: box.checked }), { signal });
  const paint = (/** @type {boolean} */ possible) => {
    root.hidden = !possible;
    box.checked = model.get("centre");
  };
  return { root, paint, press: () => root.hidden || box.click() };
}

/**
 * Lets each tool be reached by its letter from anywhere in the card.
 * @param {HTMLElement} root
 * @param {ReturnType<typeof actions> & {
 *   brush: ReturnType<typeof brushes>, centre: ReturnType<typeof centring>, files: ReturnType<typeof pictures>,
 * }} tools
 * @param {AbortSignal} signal
 */
function shortcuts(root, { undo, redo, clear, over, back, brush, centre, files }, signal) {
  const letters = /** @type {Record<string, () => void>} */ ({
    b: () => brush.choose(false),
    e: () => brush.choose(true),
    "[": () => brush.resize(-0.5),
    "]": () => brush.resize(0.5),
    x: clear.press,
    c: centre.press,
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
  root.addEventListener("keydown", press, { signal });
}

/**
 * The canvas to draw on, by pointer and by keys.
 * @param {ReturnType<typeof inkStore>} store @param {import("./kit.js").Model} model
 * @param {ReturnType<typeof brushes>} brush
 * @param {{tell(words: string): void, started(): void}} told what is said of keys, and when a stroke begins
 * @param {AbortSignal} signal
 */
function drawing(store, model, brush, { tell, started }, signal) {
  const canvas = h("canvas", { className: "cw-ink", tabIndex: 0, role: "application" });
  const cells = () => /** @type {[number, number]} */ (model.get("cells"));
  const side = () => store.ink.rows / cells()[0];
  const keys = keying(canvas, store, { side, cells, brush: brush.now, paint: () => paintInk(), tell }, signal);
  const begin = () => {
    started();
    keys.hide();
  };
  pointing(canvas, store, { side, brush: brush.now, started: begin }, signal);
  const paintInk = inkView(canvas, store, model, keys.cursor);
  const paint = (/** @type {boolean} */ blank) => {
    const label = `drawing pad, ${times(cells())} cells${blank ? ", empty" : ""}; ? lists its keys`;
    canvas.setAttribute("aria-label", label);
    paintInk();
  };
  return { canvas, paint };
}

/** @param {ReturnType<typeof inkStore>} store @param {import("./kit.js").RenderProps} props */
async function render(store, { model, el, signal, host }) {
  const state = await stateOf(model, host);
  const ui = card(el, "pad");
  const complain = showErrors(ui.root, ui.alert, [model, state], signal);
  const spoken = h("p", { className: "cw-hidden", "aria-live": "polite" });
  const tell = (/** @type {string} */ words) => say(spoken, words);
  const done = (/** @type {string} */ words) => {
    tell(words);
    complain("");
    paint();
  };
  const give = (/** @type {ArrayBuffer} */ bytes) => model.send({ do: "upload" }, undefined, [bytes]);
  const cells = /** @type {[number, number]} */ (model.get("cells"));
  const tools = {
    ...actions(store, done, signal),
    brush: brushes(store.ink.channels, Math.max(4, Math.round(Math.max(...cells) / 4)), signal),
    centre: centring(model, signal),
    files: pictures(ui.root, give, complain, signal),
  };
  helping(ui, [], PAD_KEYS, signal);
  saving(ui, signal);
  const pad = drawing(store, model, tools.brush, { tell, started: () => complain("") }, signal);
  const seen = seenView(state, signal);

  ui.tools.append(tools.undo.button, tools.redo.button, tools.clear.button);
  const beside = h("div", { className: "cw-pad-beside" }, tools.centre.root, tools.brush.root);
  const top = h("div", { className: "cw-pad-top" }, seen.root, beside);
  const { over, back, files } = tools;
  const sources = h("div", { className: "cw-pad-sources" }, over.button, back.button, files.button, files.input);
  const aside = h("div", { className: "cw-pad-side" }, top, sources);
  ui.body.append(pad.canvas, aside, seen.table, spoken);

  const paint = () => {
    const [origin, centre] = [model.get("origin"), model.get("centre")];
    const [index, source] = [state.get("index"), state.get("source")];
    const blank = store.isBlank();
    say(ui.title, "Draw");
    const alone = state === model;
    say(ui.line, inWords({ origin, blank, centre, index, source, alone }));
    tools.centre.paint(store.ink.channels === 1 && cells.every((cell) => cell === 28));
    tools.allow(origin === "drawing");
    pad.paint(blank);
    seen.paint();
  };
  shortcuts(ui.root, tools, signal);
  const traits = ["ink", "centre", "cells", "origin", "image", "index", "source"];
  const ask = follow([model, state], traits, paint, signal);
  sizeOf(ui.body, ask, signal);
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
