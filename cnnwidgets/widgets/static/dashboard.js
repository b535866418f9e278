// @ts-check
// Dashboard: the widgets in their places. What goes in and comes out, the network, one channel.

import { codeButton } from "./dashboard_code.js";
import { follow, h, put, say, segments } from "./kit.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {string} heading
 * @property {"pick" | "draw"} input
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
  ["picker", "pad", "prediction"],
  ["layers", "maps", "time"],
  ["slider", "enlarged", "filters"],
];

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const facts = h("p", { className: "cw-facts" });
    const code = codeButton(model, signal);
    const header = h("div", { className: "cw-header" }, h("h2", { textContent: "cnnwidgets" }), facts, code.button);
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
    places[0][0].el.before(choice.root);
    /** @type {Set<string>} */
    const filled = new Set();
    const fill = async (/** @type {{name: string, el: HTMLElement}} */ place) => {
      if (place.el.hidden || filled.has(place.name)) return;
      filled.add(place.name);
      const widget = await host.getWidget(model.get(place.name));
      await widget.render({ el: place.el, signal });
    };
    const choose = () => {
      choice.mark(model.get("input"));
      places[0][0].el.hidden = model.get("input") !== "pick";
      places[0][1].el.hidden = model.get("input") !== "draw";
      // A card that was never seen takes no part in every digit's painting.
      return Promise.all(places[0].map(fill));
    };
    follow([model], ["input"], choose, signal);
    await Promise.all(places.flat().map(fill));
    // The large map has the colours of the small ones, in the same frame; the kernel links them too.
    const [maps, enlarged] = await Promise.all([host.getModel(model.get("maps")), host.getModel(model.get("enlarged"))]);
    for (const name of ["colormap", "scale"]) {
      const copy = () => enlarged.set(name, maps.get(name));
      maps.on(`change:${name}`, copy);
      signal.addEventListener("abort", () => maps.off(`change:${name}`, copy));
    }
  },
};
