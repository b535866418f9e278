// @ts-check
// AblationBoard: a switch for each channel of a layer, with what the network is without it.

import { allow, card, count, follow, h, number, put, read, say, showErrors, twin } from "./kit.js";
import { press, undoPart } from "./buttons.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
import { switches } from "./ablation_switches.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {number} order
 * @property {number[]} silenced
 * @property {string} board_layer
 * @property {number} channels
 * @property {string[]} class_names
 * @property {number} sample
 * @property {number} share_done
 * @property {number | null} accuracy
 * @property {import("./kit.js").Wire | null} changes
 * @property {import("./kit.js").Wire | null} by_class
 * @property {number[]} worst
 * @property {boolean} can_undo
 * @property {boolean} can_redo
 */

const [BY_NUMBER, BY_EFFECT] = [-2, -1];
const NO_CHANNELS = "This layer has no channels to silence, or the network does not score classes.";

/** @type {import("./help.js").Keys} */
const KEYS = [
  ["arrows", "to the switch beside it, above or below"],
  ["Home, End", "to the first, the last"],
  ["Space, Enter", "silence the channel, or let it speak"],
  ["Shift + Space", "the same for all from the last one switched"],
  ["Esc", "let every channel speak"],
  ["Ctrl + Z, Ctrl + Y", "undo, redo"],
];

/** @typedef {import("./kit.js").Model} Model @typedef {ReturnType<typeof boardOf>} Board */

/** A change of a share in percentage points, with its sign. @param {number} change */
export function points(change) {
  if (Number.isNaN(change)) return "–";
  const text = Math.abs(100 * change).toFixed(1);
  if (text === "0.0" && change !== 0) return change < 0 ? "> −0.1" : "< +0.1";
  return `${change < 0 ? "−" : change > 0 ? "+" : ""}${text}`;
}

/**
 * The channels in the order of the board: by number, or whose silence costs most first.
 * @param {number} channels @param {number} order @param {ArrayLike<number> | null} changes
 * @param {ArrayLike<number> | null} byClass @param {number} classes
 */
export function ordered(channels, order, changes, byClass, classes) {
  const all = Array.from({ length: channels }, (_, channel) => channel);
  const cost = (/** @type {number} */ channel) => {
    const value = order === BY_EFFECT ? changes?.[channel] : byClass?.[channel * classes + order];
    return value === undefined || Number.isNaN(value) ? Infinity : value;
  };
  if (order === BY_NUMBER) return all;
  return all.sort((one, other) => (cost(one) === cost(other) ? one - other : cost(one) - cost(other)));
}

/**
 * The silent channels after a switch: of one, or of all from `from` to `to` in the board's order.
 * @param {number[]} silenced @param {number[]} board the channels as they stand
 * @param {number} to place on the board @param {number | null} from
 */
export function switched(silenced, board, to, from) {
  const now = new Set(silenced);
  const silent = from === null ? !now.has(board[to]) : now.has(board[from]);
  const [first, last] = from === null ? [to, to] : [Math.min(from, to), Math.max(from, to)];
  for (let place = first; place <= last; place++) {
    if (silent) now.add(board[place]);
    else now.delete(board[place]);
  }
  return [...now].sort((one, other) => one - other);
}

/** What a model says of its board. @param {Model} model */
function boardOf(model) {
  return {
    layer: model.get("board_layer"),
    channels: model.get("channels"),
    silenced: /** @type {Set<number>} */ (new Set(model.get("silenced"))),
    order: model.get("order"),
    names: /** @type {string[]} */ (model.get("class_names")),
    changes: read(model.get("changes"))?.data ?? null,
    byClass: read(model.get("by_class"))?.data ?? null,
    worst: model.get("worst"),
  };
}

/**
 * What changes without a channel: of all images, of the class hit hardest, and of the class shown.
 * @param {Board} board @param {number} channel
 */
function effectOf({ order, names, changes, byClass, worst: hardest }, channel) {
  const ofClass = (/** @type {number} */ at) => (at >= 0 ? (byClass ? byClass[channel * names.length + at] : NaN) : 0);
  const worst = hardest[channel];
  const shown = order >= 0 ? order : worst;
  return { change: changes ? changes[channel] : NaN, worst, ofWorst: ofClass(worst), shown, ofShown: ofClass(shown) };
}

/** The channels as tiles, in their order. @param {Board} board @returns {import("./ablation_switches.js").Tile[]} */
function tilesOf(board) {
  const { channels, order, changes, byClass, names, silenced } = board;
  const standing = ordered(channels, order, changes, byClass, names.length);
  const most = Math.max(1e-9, ...standing.map((channel) => Math.abs(effectOf(board, channel).change) || 0));
  return standing.map((channel) => {
    const { change, shown, ofShown } = effectOf(board, channel);
    const tile = { channel, silent: silenced.has(channel), gains: change > 0 };
    if (!changes) return { ...tile, change: "…", share: 0, worst: "", label: `channel ${channel}` };
    const ofClass = shown >= 0 ? `, of class ${names[shown]} by ${points(ofShown)}` : "";
    return {
      ...tile,
      change: points(change),
      share: Math.round((100 * Math.abs(change)) / most),
      worst: shown >= 0 ? `${names[shown]}: ${points(ofShown)}` : "none loses",
      label: `channel ${channel}: without it accuracy changes by ${points(change)} percentage points${ofClass}`,
    };
  });
}

/** The same as a table. @param {Board} board */
function rowsOf(board) {
  return Array.from({ length: board.channels }, (_, channel) => {
    const { change, worst, ofWorst } = effectOf(board, channel);
    const name = worst >= 0 ? board.names[worst] : "–";
    const silent = board.silenced.has(channel) ? "yes" : "no";
    return { name: String(channel), cells: [points(change), name, points(ofWorst), silent] };
  });
}

/** What the tiles are, and how many are silent. @param {Board} board */
function lineWords({ channels, silenced }) {
  if (!channels) return "";
  const silent = silenced.size === 1 ? "One channel is" : `${count(silenced.size)} channels are`;
  return (
    "Each tile: the change of accuracy without that channel alone, in percentage points, and the class hit hardest. " +
    `Switch a channel off to see it in every card.${silenced.size ? ` ${silent} silent now.` : ""}`
  );
}

/** The order of the board, and what is done to all of it. @param {Model} model @param {AbortSignal} signal */
function controls(model, signal) {
  const undo = undoPart(model, signal);
  const all = press("all on", () => put(model, { silenced: [] }), signal);
  const sort = h("select", { className: "cw-select", "aria-label": "order of the channels" });
  sort.addEventListener("change", () => put(model, { order: Number(sort.value) }), { signal });
  const show = (/** @type {Board} */ { channels, silenced, order, names }) => {
    for (const part of [sort, all]) part.hidden = !channels;
    allow(all, silenced.size > 0);
    undo.show();
    if (sort.options.length !== names.length + 2) {
      const texts = ["by number", "most needed first", ...names.map((name) => `what does ${name} need?`)];
      const options = texts.map((textContent, i) => h("option", { value: String(BY_NUMBER + i), textContent }));
      sort.replaceChildren(...options);
    }
    sort.value = String(order);
  };
  return { parts: [sort, all, ...undo.buttons], keys: undo.keys, show };
}

/** How far the images are read. @param {Model} model */
function progress(model) {
  const bar = h("progress", { max: 1, "aria-label": "images read" });
  const said = h("output", { className: "cw-readout" });
  const show = () => {
    const [done, accuracy] = [model.get("share_done"), model.get("accuracy")];
    const images = `${count(model.get("sample"))} images`;
    bar.hidden = done >= 1;
    bar.value = done;
    if (done < 1 || accuracy === null) say(said, `reading ${images} without each channel …`);
    else say(said, `reads ${number(100 * accuracy, 4)} % of ${images} with all channels`);
  };
  return { parts: [bar, said], show };
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal }) {
    const ui = card(el, "ablation");
    const empty = h("p", { className: "cw-empty", textContent: NO_CHANNELS });
    const tools = controls(model, signal);
    const reading = progress(model);
    const clear = () => {
      const any = model.get("silenced").length > 0;
      if (any) put(model, { silenced: [] });
      return any;
    };
    const board = switches({
      toggle: (standing, to, from) => put(model, { silenced: switched(model.get("silenced"), standing, to, from) }),
      clear,
      signal,
    });
    const columns = ["channel", "accuracy (points)", "hardest hit", "its images (points)", "silent"];
    const rows = () => ({ columns, rows: rowsOf(boardOf(model)) });
    const table = twin("what each channel is good for", rows, signal);
    ui.tools.append(...tools.parts);
    ui.body.append(empty, board.root);
    ui.foot.append(...reading.parts);
    ui.root.append(table.root);
    helping(ui, ["ablation", "channel", "accuracy", "percentage point"], KEYS, signal);
    saving(ui, signal);
    showErrors(ui.root, ui.alert, [model], signal);
    ui.root.addEventListener("keydown", tools.keys, { signal });

    const paint = () => {
      const now = boardOf(model);
      const { layer, channels } = now;
      for (const part of [board.root, ui.foot, table.root]) part.hidden = !channels;
      empty.hidden = channels > 0;
      const each = layer ? `${layer} · what each of ${count(channels)} channels` : "What each channel";
      say(ui.title, `${each} is good for`);
      say(ui.line, lineWords(now));
      tools.show(now);
      board.show(tilesOf(now));
      if (!channels) return;
      board.root.setAttribute("aria-label", `channels of ${layer}`);
      reading.show();
      table.refresh();
    };
    const inputs = ["order", "silenced", "can_undo", "can_redo", "board_layer", "channels", "class_names"];
    follow([model], [...inputs, "sample", "share_done", "accuracy", "changes", "by_class", "worst"], paint, signal);
  },
};
