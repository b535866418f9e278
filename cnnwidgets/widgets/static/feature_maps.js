// @ts-check
// FeatureMaps: all maps of a layer on one canvas, and one of them large beside the input.

import { allow, card, count, follow, h, number, put, read, say, segments, showErrors, stateOf, times } from "./kit.js";
import { GRID_KEYS, helping } from "./help.js";
import { saving } from "./save.js";
import { legend } from "./legend.js";
import { centred, colourMapFor, colours, hatch, inkOn, levelOf } from "./paint.js";
import { atlasOf, exactly, factsOf, isSilent, placeOf, valuesOf } from "./maps.js";
import { changeInWords, inWords, reading, unitName } from "./map_words.js";
import { fit, tiles } from "./tiles.js";
import { changeOf, pinning } from "./pinned.js";
import { enlarged, PIXEL_KEYS } from "./enlarged.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {string} layer
 * @property {number} channel
 * @property {[number, number] | null} pixel
 * @property {string} maps_layer
 * @property {import("./kit.js").Wire | null} maps
 * @property {number | null} index
 * @property {import("./kit.js").Wire | null} image
 * @property {number | null} label
 * @property {string[]} classes
 * @property {string} source
 * @property {number} size
 * @property {"both" | "all" | "one"} view
 * @property {"auto" | "viridis" | "cividis" | "grey" | "diverging"} colormap
 * @property {"shared" | "channel"} scale
 * @property {number} zoom
 * @property {string} pinned
 * @property {import("./kit.js").Wire | null} difference
 */

const MAPS = [
  ["auto", "automatic"],
  ["viridis", "viridis"],
  ["cividis", "cividis"],
  ["diverging", "blue to orange"],
  ["grey", "grey"],
];
/** @type {Record<"both" | "all" | "one", import("./help.js").Keys>} */
const KEYS = {
  all: GRID_KEYS,
  one: PIXEL_KEYS,
  both: [
    ...GRID_KEYS.map(([keys, words]) => /** @type {[string, string]} */ ([keys, `${words}, in the grid`])),
    ...PIXEL_KEYS,
  ],
};
const ZOOMS = [0.5, 0.75, 1, 1.5, 2, 3, 4];
const HEIGHT = 620;

/**
 * @typedef {import("./maps.js").Facts} Facts @typedef {import("./kit.js").Model} Model
 * @typedef {import("./kit.js").NumberArray} NumberArray
 */

/**
 * The colour map and limits of a channel, or of its change.
 * @param {Facts} facts @param {number} channel @param {string} scale @param {string} colormap @param {boolean} change
 */
export function lookOf(facts, channel, scale, colormap, change) {
  const own = scale === "shared" || facts.vector ? facts.shared : facts.each[channel];
  const limits = change ? centred(own) : own;
  return { map: colourMapFor(colormap, limits), limits };
}

/** The next smaller or larger zoom of a button. @param {number} zoom any @param {number} by −1 or 1 */
export function zoomAfter(zoom, by) {
  const next = by < 0 ? ZOOMS.findLast((value) => value < zoom) : ZOOMS.find((value) => value > zoom);
  return next ?? zoom;
}

/** The maps to be seen, or their difference to those that are pinned. @param {Model} model @param {Model} state */
const wireOf = (model, state) => changeOf(model, state.get("maps")) ?? state.get("maps");
/** @param {Model} model @param {Model} state */
const isChange = (model, state) => Boolean(changeOf(model, state.get("maps")));
/** The look of a channel. @param {Model} model @param {Model} state @param {Facts} facts @param {number} channel */
const lookNow = (model, state, facts, channel) =>
  lookOf(facts, channel, model.get("scale"), model.get("colormap"), isChange(model, state));

/** @param {Model} model @param {AbortSignal} signal */
function controls(model, signal) {
  const scale = segments(
    "colour scale",
    [
      ["shared", "shared scale"],
      ["channel", "per channel"],
    ],
    (value) => put(model, { scale: value }),
    signal,
  );
  const options = MAPS.map(([value, text]) => h("option", { value, textContent: text }));
  const colormap = h("select", { className: "cw-select", "aria-label": "colour map" }, ...options);
  colormap.addEventListener("change", () => put(model, { colormap: colormap.value }), { signal });
  const zoom = (/** @type {number} */ by, /** @type {string} */ text, /** @type {string} */ label) => {
    const button = h("button", { type: "button", className: "cw-press", textContent: text, "aria-label": label });
    button.addEventListener("click", () => put(model, { zoom: zoomAfter(model.get("zoom"), by) }), { signal });
    return button;
  };
  const tools = [scale.root, colormap, zoom(-1, "−", "smaller maps"), zoom(1, "+", "larger maps")];
  const mark = (/** @type {boolean} */ vector) => {
    scale.mark(model.get("scale"));
    colormap.value = model.get("colormap");
    scale.root.hidden = tools[2].hidden = tools[3].hidden = vector;
    allow(tools[2], model.get("zoom") > ZOOMS[0]);
    allow(tools[3], model.get("zoom") < /** @type {number} */ (ZOOMS.at(-1)));
  };
  return { tools, mark };
}

/**
 * All maps of the layer, as tiles.
 * @param {Model} model @param {Model} state @param {AbortSignal} signal
 * @param {(place: import("./maps.js").Place | null) => void} tell
 */
function allMaps(model, state, signal, tell) {
  /** @type {{maps: any, key: string, canvas: any, place: any} | null} */
  let atlas = null;
  const current = () => {
    const maps = /** @type {NumberArray} */ (read(wireOf(model, state)));
    return { maps, facts: factsOf(maps) };
  };
  const look = (/** @type {Facts} */ facts, /** @type {number} */ channel) => lookNow(model, state, facts, channel);

  const atlasNow = () => {
    const { maps, facts } = current();
    const key = `${model.get("scale")} ${model.get("colormap")}`;
    if (atlas?.maps !== maps || atlas?.key !== key) {
      atlas = { maps, key, ...atlasOf(maps, (channel) => look(facts, channel), atlas?.canvas) };
    }
    return atlas;
  };
  // Large maps are coloured as they come, while the frame that shows them is still to begin.
  const colourEarly = () => {
    if (wireOf(model, state)?.coded && !grid.root.hidden) atlasNow();
  };
  state.on("change:maps", colourEarly);
  signal.addEventListener("abort", () => state.off("change:maps", colourEarly));

  const paintMap = (/** @type {any} */ context, /** @type {number} */ tile, /** @type {number[]} */ ...box) => {
    const { maps, facts } = current();
    const { canvas, place } = atlasNow();
    const [x, y, w, t] = box;
    const [sx, sy] = place(tile);
    context.imageSmoothingEnabled = w < facts.columns;
    context.drawImage(canvas, sx, sy, facts.columns, facts.rows, x, y, w, t);
    if (isChange(model, state)) {
      context.strokeStyle = "#8886"; // white maps on a white card
      context.lineWidth = 1;
      context.strokeRect(x + 0.5, y + 0.5, w - 1, t - 1);
    }
    if (!facts.each[tile].bad) return;
    const { data, start } = valuesOf(maps, tile);
    hatch(context, data, start, facts.rows, facts.columns, x, y, w, t);
  };
  const paintUnit = (/** @type {any} */ context, /** @type {number} */ tile, /** @type {number[]} */ ...box) => {
    const { maps, facts } = current();
    const [x, y, w, t] = box;
    const { map, limits } = look(facts, tile);
    const at = levelOf(maps.data[tile], limits) * 3;
    const [r, g, b] = colours(map).subarray(at, at + 3);
    const ratio = window.devicePixelRatio || 1;
    const bad = facts.each[tile].bad > 0;
    if (bad) hatch(context, maps.data, tile, 1, 1, x, y, w, t);
    const edge = bad ? 0.2 * t : 0; // leaves the hatching in sight around the words
    context.fillStyle = bad ? "#fff" : `rgb(${r} ${g} ${b})`;
    context.fillRect(x, y + edge, w, t - 2 * edge);
    context.fillStyle = bad ? "#000" : inkOn(r, g, b);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `650 ${12 * ratio}px system-ui, sans-serif`;
    context.fillText(unitName(tile, facts, state.get("classes")), x + w / 2, y + t * 0.32, w);
    context.font = `${12 * ratio}px system-ui, sans-serif`;
    context.fillText(number(maps.data[tile], 4), x + w / 2, y + t * 0.7, w);
  };

  const grid = tiles({
    name: "feature maps",
    signal,
    maxHeight: HEIGHT + 6,
    layout: (width) => {
      const { facts } = current();
      const ratio = window.devicePixelRatio || 1;
      const room = { width, height: HEIGHT, gap: 6, least: facts.vector ? 52 : 24, ratio, zoom: model.get("zoom") };
      const shape = facts.vector ? [44, 52] : [facts.rows, facts.columns];
      const height = facts.vector ? 60 : HEIGHT;
      return { ...fit(facts.channels, shape[0], shape[1], { ...room, height }), count: facts.channels };
    },
    paint: (context, tile, ...box) => (current().facts.vector ? paintUnit : paintMap)(context, tile, ...box),
    selected: () => state.get("channel"),
    select: (tile) => put(state, { channel: tile }),
    describe: (tile) => {
      const { facts, maps } = current();
      const isOfChange = isChange(model, state);
      if (isSilent(facts, tile) && !facts.vector && isOfChange) return `channel ${tile} · no value differs`;
      if (isSilent(facts, tile) && !facts.vector) return `channel ${tile} · silent: zero everywhere for this image`;
      const [row, column] = placeOf(facts, facts.peakAt[tile]);
      const words = reading(maps, { channel: tile, row, column }, isOfChange ? "change" : "value");
      return facts.vector ? words : `${words}, its largest`;
    },
    silent: (tile) => !isChange(model, state) && !current().facts.vector && isSilent(current().facts, tile),
    hover: (tile, u, v) => {
      const { facts } = current();
      const place = { row: Math.floor(v * facts.rows), column: Math.floor(u * facts.columns) };
      tell(tile === null ? null : { channel: tile, ...place });
    },
  });
  return grid;
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "maps");
    const { tools, mark } = controls(model, signal);
    const scale = legend();
    const readout = h("output", { className: "cw-readout" });
    const empty = h("p", { className: "cw-empty", textContent: "No feature maps yet." });
    /** @type {import("./maps.js").Place | null} */
    let hovered = null;
    const readOut = () => {
      const maps = read(wireOf(model, state));
      const channel = state.get("channel");
      if (!maps || channel >= maps.shape[0]) return say(readout, "");
      const facts = factsOf(maps);
      const [row, column] = state.get("pixel") ?? placeOf(facts, facts.peakAt[channel]);
      const place = hovered ?? { channel, row, column };
      const text = reading(maps, place, isChange(model, state) ? "change" : "value");
      if (text.endsWith("…")) want(place.channel);
      say(readout, text);
    };
    const tell = (/** @type {import("./maps.js").Place | null} */ place) => {
      hovered = place;
      readOut();
    };
    const all = allMaps(model, state, signal, tell);
    const want = exactly(state, () => ask(), signal);
    const look = (/** @type {Facts} */ facts, /** @type {number} */ channel) => lookNow(model, state, facts, channel);
    const one = enlarged(model, state, signal, { tell, lookOf: look, reading, want });
    const pin = pinning(model, signal);
    ui.tools.append(...tools, pin.button);
    ui.body.append(empty, h("div", { className: "cw-all" }, all.root), one.root);
    ui.foot.append(scale.root, readout);
    ui.root.append(one.table);
    showErrors(ui.root, ui.alert, [model, state], signal);

    const keys = KEYS[/** @type {"both" | "all" | "one"} */ (model.get("view"))];
    helping(ui, ["feature map", "channel", "silent", "Δ"], keys, signal);
    saving(ui, signal);

    const paint = () => {
      const maps = read(wireOf(model, state));
      const view = model.get("view");
      empty.hidden = Boolean(maps);
      for (const part of [ui.foot, all.root, one.root, one.table]) part.hidden = !maps;
      ui.tools.hidden = !maps || view === "one";
      ui.root.dataset.view = view;
      if (!maps) return say(ui.title, "Feature maps");
      const facts = factsOf(maps);
      const channel = Math.min(state.get("channel"), facts.channels - 1);
      const size = facts.vector ? "values" : `feature maps, ${times([facts.rows, facts.columns])}`;
      const layer = state.get("maps_layer") || state.get("layer") || "maps";
      const word = facts.vector ? "unit" : "channel";
      const whole = `${layer} · ${count(facts.channels)} ${facts.channels === 1 ? size.replace("s,", ",") : size}`;
      const change = isChange(model, state) ? " · change" : "";
      say(ui.title, `${view === "one" ? `${layer} · ${word} ${channel} of ${facts.channels}` : whole}${change}`);
      const other = model === state ? "Give other maps" : undefined;
      const words = change ? changeInWords(facts, model.get("pinned"), other) : inWords(facts);
      say(ui.line, view === "one" && !change ? one.words(facts, channel) : words);
      pin.mark();
      mark(facts.vector);
      all.root.hidden = view === "one";
      one.root.hidden = view === "all" || facts.vector;
      one.table.hidden = view === "all" && !facts.vector;
      ui.root.hidden = view === "one" && facts.vector;
      all.root.setAttribute("aria-label", whole);
      const { map, limits } = look(facts, channel);
      const shared = model.get("scale") === "shared" || facts.vector;
      scale.show(map, limits, shared ? "shared by all" : `channel ${channel} alone`);
      if (!all.root.hidden) all.paint();
      one.paint(maps, facts, channel);
      readOut();
    };
    const traits = [
      "maps", "maps_layer", "channel", "pixel", "image", "layer", "classes",
      "colormap", "scale", "zoom", "view", "pinned", "difference",
    ];
    const ask = follow([model, state], traits, paint, signal);
  },
};
