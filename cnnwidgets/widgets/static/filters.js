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

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "filters");
    const view = segments(
      "filters shown",
      [
        ["one", "this filter"],
        ["all", "whole layer"],
      ],
      (value) => put(model, { view: value }),
      signal,
    );
    const scale = legend();
    const readout = h("output", { className: "cw-readout" });
    let cursor = 0;

    // The weights to be seen, or their difference to those that are pinned.
    const change = () => changeOf(model, state.get("kernels"));
    const wire = () => change() ?? state.get("kernels");
    const now = () => {
      const kernels = /** @type {import("./kit.js").NumberArray} */ (read(wire()));
      const [filters, inputs, rows, columns] = kernels.shape;
      const from = state.get("kernels_from");
      const channel = Math.min(state.get("channel"), state.get("kernels_count") - 1);
      const whole = filters === state.get("kernels_count");
      const all = whole && model.get("view") === "all";
      return { kernels, filters, inputs, rows, columns, from, channel, whole, all };
    };
    const limits = () => {
      const own = change() ? limitsOf(now().kernels.data) : { high: state.get("kernels_limit"), bad: 0 };
      return centred(own);
    };
    const changeInWords = () => {
      const pinned = model.get("pinned");
      if (limits().high) return `What changed from ${pinned}: orange grew, blue fell.`;
      return noChange(pinned, model === state ? "Give other kernels" : "Choose another step or edit");
    };
    const startOf = (/** @type {number} */ tile) => {
      const { inputs, rows, columns, from, channel, all } = now();
      const { filter, input } = kernelOf(tile, inputs, all, channel);
      const reads = channelRead(filter, input, inputs, state.get("kernels_count"), state.get("kernels_groups"));
      return { filter, input, reads, start: ((filter - from) * inputs + input) * rows * columns };
    };
    const selected = () => {
      const { all, inputs, channel } = now();
      return all ? channel * inputs + Math.min(cursor, inputs - 1) : Math.min(cursor, inputs - 1);
    };
    const describe = (/** @type {number} */ tile) => {
      const { kernels, rows, columns } = now();
      const { filter, reads, start } = startOf(tile);
      const values = [...kernels.data.subarray(start, start + Math.min(rows * columns, 49))];
      return `filter ${filter}, input channel ${reads}: ${values.map((value) => number(value, 3)).join(", ")}`;
    };

    const grid = tiles({
      name: "kernels",
      signal,
      maxHeight: 420,
      layout: (width) => {
        const { filters, inputs, rows, columns, all } = now();
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
      },
      paint: (context, tile, x, y, w, t) => {
        const { kernels, rows, columns } = now();
        const { start } = startOf(tile);
        draw(context, picture(kernels.data, start, rows, columns, "diverging", limits()), x, y, w, t);
        const ratio = window.devicePixelRatio || 1;
        writeNumbers(context, kernels.data, start, rows, columns, "diverging", limits(), x, y, w, t, ratio);
        context.strokeStyle = "#8886";
        context.lineWidth = 1;
        context.strokeRect(x + 0.5, y + 0.5, w - 1, t - 1);
      },
      selected,
      select: (tile) => {
        const { filter, input } = startOf(tile);
        cursor = input;
        if (now().all) put(state, { channel: filter });
        grid.ask();
        say(readout, resting());
      },
      describe,
      hover: (tile, u, v) => {
        if (tile === null) return say(readout, resting());
        const { kernels, rows, columns } = now();
        const { filter, reads, start } = startOf(tile);
        const [row, column] = [Math.floor(v * rows), Math.floor(u * columns)];
        const value = number(kernels.data[start + row * columns + column]);
        say(readout, `filter ${filter} · from ${reads} · row ${row} · column ${column} · ${change() ? "change" : "weight"} ${value}`);
      },
    });
    const resting = () => {
      const { filter, reads } = startOf(selected());
      return `filter ${filter} · from ${reads}`;
    };
    const table = twin(
      "weights of the selected filter",
      () => {
        if (!wire()) return { columns: [], rows: [] };
        const { kernels, inputs, rows, columns, channel, from } = now();
        const [total, groups] = [state.get("kernels_count"), state.get("kernels_groups")];
        const lines = [];
        for (let input = 0; input < inputs; input++) {
          for (let row = 0; row < rows; row++) {
            const start = (((channel - from) * inputs + input) * rows + row) * columns;
            const values = [...kernels.data.subarray(start, start + columns)];
            lines.push({ name: `${channelRead(channel, input, inputs, total, groups)}, ${row}`, cells: values.map((value) => number(value)) });
          }
        }
        return { columns: ["from, row", ...[...Array(columns).keys()].map(String)], rows: lines };
      },
      signal,
    );
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
      const kernels = wire();
      for (const part of [ui.tools, grid.root, ui.foot, table.root]) part.hidden = !kernels;
      if (!kernels) {
        say(ui.title, "Filters");
        const layer = state.get("layer");
        return say(ui.line, layer ? `${layer} has no filters whose weights make its maps one by one.` : "No filters yet.");
      }
      const { rows, columns, inputs, channel, whole, all } = now();
      const owner = state.get("kernels_layer") || state.get("layer");
      const made = owner ? ` of ${owner}` : "";
      const total = state.get("kernels_count");
      const word = change() ? " · change" : "";
      say(ui.title, `${all ? `${count(total)} filters` : `Filter ${channel}`}${made}, ${times([rows, columns])}${word}`);
      const source = state.get("kernels_inputs");
      const each = inputs === 1 ? `one ${times([rows, columns])} kernel` : `one ${times([rows, columns])} kernel for each of ${state.get("kernels_groups") > 1 ? "its group's " : source ? `${source}'s ` : ""}${count(inputs)} channels`;
      const rest = whole ? "" : " This layer is large: one filter is shown at a time.";
      if (word) say(ui.line, changeInWords());
      else say(ui.line, `${all ? "Each filter: " : ""}${each} · orange adds, blue takes away.${rest}`);
      view.root.hidden = !whole || total === 1;
      view.mark(all ? "all" : "one");
      grid.root.setAttribute("aria-label", ui.title.textContent ?? "");
      pin.mark();
      scale.show("diverging", limits(), word ? "change" : "whole layer");
      grid.paint();
      say(readout, resting());
      table.refresh();
    };
    const traits = ["kernels", "kernels_from", "kernels_limit", "kernels_layer", "kernels_inputs", "layer", "channel", "view", "pinned", "difference"];
    follow([model, state], traits, paint, signal);
  },
};
