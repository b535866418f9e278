// @ts-check
// Dashboard: the widgets in their places. What goes in and comes out, the network, one channel.

import { codeButton } from "./dashboard_code.js";
import { follow, h, put, say, segments, showErrors } from "./kit.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {string} heading
 * @property {"pick" | "draw"} input
 * @property {"look" | "train" | "explain"} view
 * @property {boolean} trains
 * @property {boolean} playing
 * @property {string | null} monitor
 * @property {string | null} slow
 * @property {string | null} inspector
 * @property {string | null} editor
 * @property {string | null} board
 * @property {string | null} comparison
 * @property {string} picker
 * @property {string} pad
 * @property {string} prediction
 * @property {string} layers
 * @property {string} maps
 * @property {string} time
 * @property {string} slider
 * @property {string} enlarged
 * @property {string} filters
 */

const COLUMNS = [
  ["monitor", "picker", "pad", "prediction"],
  ["layers", "maps", "slow", "inspector", "comparison", "board", "time"],
  ["slider", "enlarged", "filters", "editor"],
];
/** The view that a widget is part of, where it is not in all; `pick` and `draw` are part of two. */
const VIEW_OF = /** @type {Record<string, string>} */ ({
  monitor: "train",
  slow: "train",
  inspector: "explain",
  board: "explain",
  comparison: "explain",
  editor: "explain",
});

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const facts = h("p", { className: "cw-facts" });
    const code = codeButton(model, signal);
    const views = segments(
      "view",
      [
        ["look", "Look"],
        ["train", "Train"],
        ["explain", "Explain"],
      ],
      (value) => put(model, { view: value }),
      signal,
    );
    // In "Train" the card of the training has one.
    const pause = h("button", { type: "button", className: "cw-press cw-play", textContent: "❚❚ Pause the training" });
    pause.addEventListener("click", () => model.send({ do: "pause" }), { signal });
    const title = h("h2", { textContent: "cnnwidgets" });
    const header = h("div", { className: "cw-header" }, title, views.root, pause, facts, code.button);
    const main = h("div", { className: "cw-columns" });
    el.replaceChildren(h("div", { className: "cw cw-dashboard" }, header, main, code.dialog));
    follow([model], ["heading"], () => say(facts, model.get("heading")), signal);
    const places = COLUMNS.map((names) => names.map((name) => ({ name, el: h("div", { className: "cw-place" }) })));
    main.append(...places.map((column) => h("div", { className: "cw-column" }, ...column.map((place) => place.el))));
    const choice = segments(
      "how the image is given",
      [
        ["pick", "Pick an image"],
        ["draw", "Draw one"],
      ],
      (value) => put(model, { input: value }),
      signal,
    );
    choice.root.classList.add("cw-choice");
    const [training, picker, pad] = places[0].map((place) => place.el);
    picker.before(choice.root);
    const waiting = h("p", { className: "cw-panel cw-empty", role: "status", textContent: "Preparing this view…" });
    training.before(waiting);
    const alert = h("p", { className: "cw-error", role: "alert", hidden: true });
    header.after(alert);
    showErrors(header, alert, [model], signal);
    /** @type {Set<string>} */
    const filled = new Set();
    const fill = async (/** @type {{name: string, el: HTMLElement}} */ place) => {
      const ref = model.get(place.name);
      if (place.el.hidden || !ref || filled.has(place.name)) return;
      filled.add(place.name);
      const widget = await host.getWidget(ref);
      await widget.render({ el: place.el, signal });
    };
    const choose = () => {
      const [input, view] = [model.get("input"), model.get("view")];
      choice.mark(input);
      views.mark(view);
      views.root.querySelector("[data-value=train]").hidden = !model.get("trains");
      main.dataset.view = view;
      const chosen = views.root.querySelector("[aria-pressed=true]");
      const rests = view === "train" || !model.get("playing");
      if (rests && pause === pause.ownerDocument.activeElement) chosen.focus(); // else nobody had the focus
      pause.hidden = rests;
      for (const { name, el } of places.flat()) el.hidden = (VIEW_OF[name] ?? view) !== view;
      const first = { train: "monitor", explain: "inspector" }[/** @type {string} */ (view)];
      waiting.hidden = !first || Boolean(model.get(first) || model.get("error"));
      choice.root.hidden = view === "train";
      picker.hidden = view === "train" || input !== "pick";
      pad.hidden = view === "train" || input !== "draw";
      // A card that was never seen takes no part in every digit's painting.
      return Promise.all(places.flat().map(fill));
    };
    follow([model], ["input", "view", "trains", "playing", "monitor", "inspector", "error"], choose, signal);
    await choose();
    // The large map has the colours of the small ones, in the same frame; the kernel links them too.
    const [maps, enlarged] = await Promise.all(["maps", "enlarged"].map((card) => host.getModel(model.get(card))));
    for (const name of ["colormap", "scale"]) {
      const copy = () => enlarged.set(name, maps.get(name));
      maps.on(`change:${name}`, copy);
      signal.addEventListener("abort", () => maps.off(`change:${name}`, copy));
    }
  },
};
