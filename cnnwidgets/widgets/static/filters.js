// @ts-check
// Filters: the kernels of the selected filter, one an input channel, or all filters of the layer.

import { card, count, follow, h, number, put, read, say, segments, showErrors, stateOf, times, twin } from "./kit.js";
import { GRID_KEYS, helping } from "./help.js";
import { saving } from "./save.js";
import { legend } from "./legend.js";
import { centred, draw, limitsOf, picture, writeNumbers } from "./paint.js";
import { noChange } from "./map_words.js";
import { changeOf, pinning } from "./pinned.js";
import { fit, tiles } from "./tiles.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {string} layer
 * @property {number} channel
 * @property {import("./kit.js").Wire | null} kernels
 * @property {number} kernels_from
 * @property {number} kernels_count
 * @property {number} kernels_groups
 * @property {number} kernels_limit
 * @property {string} kernels_layer
 * @property {string} kernels_inputs
 * @property {"one" | "all"} view
 * @property {string} pinned
 * @property {import("./kit.js").Wire | null} difference
 */

const VIEWS = /** @type {[string, string][]} */ ([
  ["one", "this filter"],
  ["all", "whole layer"],
]);

/**
 * Which kernel a tile is. One filter: a tile for each input channel. All filters: a row of the
 * grid for each filter, a column for each input channel.
 * @param {number} tile @param {number} inputs @param {boolean} all @param {number} channel
 */
export function kernelOf(tile, inputs, all, channel) {
  return all ? { filter: Math.floor(tile / inputs), input: tile % inputs } : { filter: channel, input: tile };
}

/**
 * The channel of the layer's input that a kernel reads: with groups, one of the filter's group.
 * @param {number} filter @param {number} input @param {number} inputs of a filter
 * @param {number} filters of the layer @param {number} groups
 */
export function channelRead(filter, input, inputs, filters, groups) {
  return Math.floor((filter * groups) / filters) * inputs + input;
}

/** @typedef {import("./kit.js").Model} Model @typedef {NonNullable<ReturnType<typeof shownIn>>} Shown */

/**
 * What is shown: the weights, or their difference to those that are pinned, and how they lie; null
 * where there are none. @param {Model} model @param {Model} state
 */
function shownIn(model, state) {
  const change = changeOf(model, state.get("kernels"));
  const kernels = read(change ?? state.get("kernels"));
  if (!kernels) return null;
  const { data, shape } = kernels;
  const [filters, inputs, rows, columns] = shape;
  const total = state.get("kernels_count");
  const whole = filters === total;
  return {
    data,
    limits: centred(change ? limitsOf(data) : { high: state.get("kernels_limit"), bad: 0 }),
    isChange: change !== null,
    filters,
    inputs,
    rows,
    columns,
    total,
    groups: state.get("kernels_groups"),
    from: state.get("kernels_from"),
    channel: Math.min(state.get("channel"), total - 1),
    whole,
    all: whole && model.get("view") === "all",
  };
}

/**
 * Which kernel a tile shows, what it reads and where its weights begin.
 * @param {Shown} shown @param {number} tile
 */
function tileOf({ inputs, rows, columns, from, channel, all, total, groups }, tile) {
  const { filter, input } = kernelOf(tile, inputs, all, channel);
  const reads = channelRead(filter, input, inputs, total, groups);
  return { filter, input, reads, start: ((filter - from) * inputs + input) * rows * columns };
}

/**
 * Where the tiles lie: some in a row, or for a whole layer a row of the grid for each filter.
 * @param {Shown} shown @param {number} width
 */
function layoutOf({ filters, inputs, rows, columns, all }, width) {
  const ratio = window.devicePixelRatio || 1;
  if (!all || inputs === 1) {
    const amount = all ? filters : inputs;
    const room = { width, height: all ? 260 : 300, gap: 8, least: 24, ratio, zoom: 1 };
    const size = fit(amount, rows, columns, { ...room, width: Math.min(width, amount === 1 ? 220 : width) });
    return { ...size, count: amount };
  }
  const gap = 3;
  const tile = Math.max(columns, Math.min(40, Math.floor((width - (inputs - 1) * gap) / inputs)));
  const across = { columns: inputs, rows: filters, width: tile, height: (tile * rows) / columns, gap };
  return { ...across, count: filters * inputs };
}

/**
 * @param {CanvasRenderingContext2D} context @param {Shown} shown @param {number} tile
 * @param {[number, number, number, number]} box x, y, width and height in device pixels
 */
function paintTile(context, shown, tile, box) {
  const { data, limits, rows, columns } = shown;
  const { start } = tileOf(shown, tile);
  const [x, y, w, t] = box;
  draw(context, picture(data, start, rows, columns, "diverging", limits), ...box);
  writeNumbers(context, data, start, rows, columns, "diverging", limits, ...box, window.devicePixelRatio || 1);
  context.strokeStyle = "#8886";
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, w - 1, t - 1);
}

/** A tile in words. @param {Shown} shown @param {number} tile */
function describe(shown, tile) {
  const { filter, reads, start } = tileOf(shown, tile);
  const values = [...shown.data.subarray(start, start + Math.min(shown.rows * shown.columns, 49))];
  return `filter ${filter}, input channel ${reads}: ${values.map((value) => number(value, 3)).join(", ")}`;
}

/**
 * The weight at a place of a tile, in words.
 * @param {Shown} shown @param {number} tile @param {number} u @param {number} v
 */
function weightAt(shown, tile, u, v) {
  const { data, rows, columns, isChange } = shown;
  const { filter, reads, start } = tileOf(shown, tile);
  const [row, column] = [Math.floor(v * rows), Math.floor(u * columns)];
  const value = number(data[start + row * columns + column]);
  const what = isChange ? "change" : "weight";
  return `filter ${filter} · from ${reads} · row ${row} · column ${column} · ${what} ${value}`;
}

/** The selected filter as a table: a line for each row of its kernels. @param {Shown | null} shown */
function tableOf(shown) {
  if (!shown) return { columns: [], rows: [] };
  const { data, inputs, rows, columns, channel, from, total, groups } = shown;
  const lines = Array.from({ length: inputs * rows }, (_, line) => {
    const start = ((channel - from) * inputs * rows + line) * columns;
    const reads = channelRead(channel, Math.floor(line / rows), inputs, total, groups);
    const cells = [...data.subarray(start, start + columns)].map((value) => number(value));
    return { name: `${reads}, ${line % rows}`, cells };
  });
  return { columns: ["from, row", ...[...Array(columns).keys()].map(String)], rows: lines };
}

/** @param {Shown} shown @param {string} owner the layer whose filters these are */
function titleOf({ rows, columns, channel, all, total, isChange }, owner) {
  const what = all ? `${count(total)} filters` : `Filter ${channel}`;
  return `${what}${owner ? ` of ${owner}` : ""}, ${times([rows, columns])}${isChange ? " · change" : ""}`;
}

/** What is seen, in one line. @param {Shown} shown @param {string} source the layer that they read */
function lineOf({ inputs, rows, columns, groups, whole, all }, source) {
  const kernel = `one ${times([rows, columns])} kernel`;
  const whose = groups > 1 ? "its group's " : source ? `${source}'s ` : "";
  const each = inputs === 1 ? kernel : `${kernel} for each of ${whose}${count(inputs)} channels`;
  const rest = whole ? "" : " This layer is large: one filter is shown at a time.";
  return `${all ? "Each filter: " : ""}${each} · orange adds, blue takes away.${rest}`;
}

/** What changed, in one line. @param {Shown} shown @param {string} pinned what it is to @param {boolean} isAlone */
function changeLine({ limits }, pinned, isAlone) {
  if (limits.high) return `What changed from ${pinned}: orange grew, blue fell.`;
  return noChange(pinned, isAlone ? "Give other kernels" : "Choose another step or edit");
}

/**
 * The kernels as tiles. `tell` is given what is read where the pointer is, or of the selected one.
 * @param {Model} state @param {() => Shown} now @param {(text: string) => void} tell @param {AbortSignal} signal
 */
function kernelTiles(state, now, tell, signal) {
  let cursor = 0;
  const selected = () => {
    const { all, inputs, channel } = now();
    return (all ? channel * inputs : 0) + Math.min(cursor, inputs - 1);
  };
  const rest = () => {
    const { filter, reads } = tileOf(now(), selected());
    tell(`filter ${filter} · from ${reads}`);
  };
  const grid = tiles({
    name: "kernels",
    signal,
    maxHeight: 420,
    layout: (width) => layoutOf(now(), width),
    paint: (context, tile, ...box) => paintTile(context, now(), tile, box),
    selected,
    select: (tile) => {
      const { filter, input } = tileOf(now(), tile);
      cursor = input;
      if (now().all) put(state, { channel: filter });
      grid.ask();
      rest();
    },
    describe: (tile) => describe(now(), tile),
    hover: (tile, u, v) => (tile === null ? rest() : tell(weightAt(now(), tile, u, v))),
  });
  return { root: grid.root, paint: grid.paint, rest };
}

const TRAITS = [
  "kernels", "kernels_from", "kernels_limit", "kernels_layer", "kernels_inputs",
  "layer", "channel", "view", "pinned", "difference",
];

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "filters");
    const shown = () => shownIn(model, state);
    const choose = (/** @type {string} */ value) => put(model, { view: value });
    const view = segments("filters shown", VIEWS, choose, signal);
    const scale = legend();
    const readout = h("output", { className: "cw-readout" });
    const now = /** @type {() => Shown} */ (shown); // tiles are asked for only where there are some
    const grid = kernelTiles(state, now, (text) => say(readout, text), signal);
    const table = twin("weights of the selected filter", () => tableOf(shown()), signal);
    helping(ui, ["filter", "kernel", "channel", "Δ"], GRID_KEYS, signal);
    saving(ui, signal);
    ui.tools.append(view.root);
    ui.body.append(grid.root);
    ui.foot.append(scale.root, readout);
    ui.root.append(table.root);
    showErrors(ui.root, ui.alert, [model, state], signal);
    const pin = pinning(model, signal);
    ui.tools.append(pin.button);

    const paint = () => {
      const kernels = shown();
      for (const part of [ui.tools, grid.root, ui.foot, table.root]) part.hidden = !kernels;
      const layer = state.get("layer");
      if (!kernels) {
        say(ui.title, "Filters");
        const none = layer ? `${layer} has no filters whose weights make its maps one by one.` : "No filters yet.";
        return say(ui.line, none);
      }
      const { all, whole, total, limits, isChange } = kernels;
      say(ui.title, titleOf(kernels, state.get("kernels_layer") || layer));
      if (isChange) say(ui.line, changeLine(kernels, model.get("pinned"), model === state));
      else say(ui.line, lineOf(kernels, state.get("kernels_inputs")));
      view.root.hidden = !whole || total === 1;
      view.mark(all ? "all" : "one");
      grid.root.setAttribute("aria-label", ui.title.textContent ?? "");
      pin.mark();
      scale.show("diverging", limits, isChange ? "change" : "whole layer");
      grid.paint();
      grid.rest();
      table.refresh();
    };
    follow([model, state], TRAITS, paint, signal);
  },
};
