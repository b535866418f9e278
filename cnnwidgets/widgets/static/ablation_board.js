// @ts-check
// AblationBoard: a switch for each channel of a layer, with what the network is without it.

import { allow, card, count, follow, h, number, put, read, say, showErrors, twin } from "./kit.js";
import { helping } from "./help.js";
import { saving } from "./save.js";
import { moved } from "./tiles.js";

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

/** @type {import("./help.js").Keys} */
const KEYS = [
  ["arrows", "to the switch beside it, above or below"],
  ["Home, End", "to the first, the last"],
  ["Space, Enter", "silence the channel, or let it speak"],
  ["Shift + Space", "the same for all from the last one switched"],
  ["Esc", "let every channel speak"],
  ["Ctrl + Z, Ctrl + Y", "undo, redo"],
];

/** A change of a share in percentage points, with its sign. @param {number} change */
export function points(change) {
  if (Number.isNaN(change)) return "–";
  const text = Math.abs(100 * change).toFixed(1);
  return text === "0.0" && change !== 0 ? (change < 0 ? "> −0.1" : "< +0.1") : `${change < 0 ? "−" : change > 0 ? "+" : ""}${text}`;
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

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal }) {
    const ui = card(el, "ablation");
    const press = (/** @type {string} */ text, /** @type {() => void} */ act) => {
      const button = h("button", { type: "button", className: "cw-press", textContent: text });
      button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && act(), { signal });
      return button;
    };
    const undo = press("undo", () => model.send({ do: "undo" }));
    const redo = press("redo", () => model.send({ do: "redo" }));
    const all = press("all on", () => put(model, { silenced: [] }));
    const sort = h("select", { className: "cw-select", "aria-label": "order of the channels" });
    sort.addEventListener("change", () => put(model, { order: Number(sort.value) }), { signal });
    const board = h("div", { className: "cw-board", role: "group" });
    const bar = h("progress", { max: 1, "aria-label": "images read" });
    const said = h("output", { className: "cw-readout" });
    const empty = h("p", { className: "cw-empty", textContent: "This layer has no channels to silence, or the network does not score classes." });

    /** @type {{root: HTMLButtonElement, name: HTMLElement, change: HTMLElement, size: HTMLElement, worst: HTMLElement}[]} */
    let tiles = [];
    /** @type {number[]} the channels as they stand */
    let standing = [];
    let at = 0;
    /** @type {number | null} the channel that was switched last */
    let last = null;

    const go = (/** @type {number} */ place) => {
      tiles[at]?.root.setAttribute("tabindex", "-1");
      at = place;
      tiles[at].root.setAttribute("tabindex", "0");
    };
    const toggle = (/** @type {number} */ place, /** @type {boolean} */ range) => {
      const from = range && last !== null ? standing.indexOf(last) : null;
      put(model, { silenced: switched(model.get("silenced"), standing, place, from) });
      if (!range) last = standing[place];
    };
    const placeOf = (/** @type {Event} */ event) => {
      const tile = /** @type {HTMLElement} */ (event.target).closest("button");
      return tiles.findIndex((each) => each.root === tile);
    };
    const click = (/** @type {MouseEvent} */ event) => {
      const place = placeOf(event);
      if (place < 0) return;
      go(place);
      toggle(place, event.shiftKey);
    };
    const across = () => {
      const top = tiles[0]?.root.offsetTop;
      const end = tiles.findIndex((each) => each.root.offsetTop !== top);
      return end < 0 ? tiles.length : end;
    };
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || placeOf(event) < 0) return;
      const to = event.shiftKey ? null : moved(event.key, at, tiles.length, across(), 4);
      if (to !== null) {
        go(to);
        tiles[to].root.focus();
      } else if (event.shiftKey && (event.key === " " || event.key === "Enter")) toggle(at, true);
      else if (event.key === "Escape" && model.get("silenced").length) put(model, { silenced: [] });
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    const focused = (/** @type {FocusEvent} */ event) => {
      const place = placeOf(event);
      if (place >= 0 && place !== at) go(place);
    };
    board.addEventListener("click", click, { signal });
    board.addEventListener("keydown", key, { signal });
    board.addEventListener("focusin", focused, { signal });
    const history = (/** @type {KeyboardEvent} */ event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const letter = event.key.toLowerCase();
      const wish = letter === "y" || (letter === "z" && event.shiftKey) ? "redo" : letter === "z" ? "undo" : "";
      if (!wish) return;
      event.preventDefault();
      event.stopPropagation();
      if (model.get(`can_${wish}`)) model.send({ do: wish });
    };
    ui.root.addEventListener("keydown", history, { signal });

    const build = (/** @type {number} */ channels) => {
      tiles = Array.from({ length: channels }, () => {
        const [name, change, size, worst] = [h("b"), h("span"), h("span", { className: "cw-cost-size" }), h("span", { className: "cw-cost-class" })];
        const root = h("button", { type: "button", className: "cw-switch", role: "switch", tabIndex: -1 }, name, change, h("span", { className: "cw-cost" }, size), worst);
        return { root, name, change, size, worst };
      });
      board.replaceChildren(...tiles.map((each) => each.root));
      at = 0;
      last = null;
      tiles[0]?.root.setAttribute("tabindex", "0");
    };

    const facts = (/** @type {number} */ channel) => {
      const [changes, byClass] = [read(model.get("changes")), read(model.get("by_class"))];
      const [names, order, worst] = [model.get("class_names"), model.get("order"), model.get("worst")[channel]];
      const ofClass = (/** @type {number} */ one) => (byClass ? byClass.data[channel * names.length + one] : NaN);
      const shown = order >= 0 ? order : worst;
      return { change: changes ? changes.data[channel] : NaN, worst, ofWorst: worst >= 0 ? ofClass(worst) : 0, shown, ofShown: shown >= 0 ? ofClass(shown) : 0 };
    };
    const table = twin(
      "what each channel is good for",
      () => ({
        columns: ["channel", "accuracy (points)", "hardest hit", "its images (points)", "silent"],
        rows: Array.from({ length: model.get("channels") }, (_, channel) => {
          const { change, worst, ofWorst } = facts(channel);
          const name = worst >= 0 ? model.get("class_names")[worst] : "–";
          return { name: String(channel), cells: [points(change), name, points(ofWorst), model.get("silenced").includes(channel) ? "yes" : "no"] };
        }),
      }),
      signal,
    );
    ui.tools.append(sort, all, undo, redo);
    ui.body.append(empty, board);
    ui.foot.append(bar, said);
    ui.root.append(table.root);
    helping(ui, ["ablation", "channel", "accuracy", "percentage point"], KEYS, signal);
    saving(ui, signal);
    showErrors(ui.root, ui.alert, [model], signal);

    const orders = () => {
      const names = /** @type {string[]} */ (model.get("class_names"));
      if (sort.options.length !== names.length + 2) {
        const option = (/** @type {number} */ value, /** @type {string} */ textContent) => h("option", { value: String(value), textContent });
        sort.replaceChildren(option(BY_NUMBER, "by number"), option(BY_EFFECT, "most needed first"), ...names.map((name, at) => option(at, `what does ${name} need?`)));
      }
      sort.value = String(model.get("order"));
    };
    const paint = () => {
      const [layer, channels, silenced] = [model.get("board_layer"), model.get("channels"), new Set(model.get("silenced"))];
      const [done, accuracy, order] = [model.get("share_done"), model.get("accuracy"), model.get("order")];
      for (const part of [board, ui.foot, table.root, sort, all]) part.hidden = !channels;
      empty.hidden = channels > 0;
      allow(all, silenced.size > 0);
      allow(undo, model.get("can_undo"));
      allow(redo, model.get("can_redo"));
      orders();
      say(ui.title, layer ? `${layer} · what each of ${count(channels)} channels is good for` : "What each channel is good for");
      if (tiles.length !== channels) build(channels);
      if (!channels) return say(ui.line, "");
      const [changes, byClass, names] = [read(model.get("changes")), read(model.get("by_class")), model.get("class_names")];
      const held = board.contains(document.activeElement) ? standing[at] : null;
      standing = ordered(channels, order, changes?.data ?? null, byClass?.data ?? null, names.length);
      const most = Math.max(1e-9, ...standing.map((channel) => Math.abs(facts(channel).change) || 0));
      standing.forEach((channel, place) => {
        const { root, name, change, size, worst } = tiles[place];
        const { change: effect, shown, ofShown } = facts(channel);
        const silent = silenced.has(channel);
        root.setAttribute("aria-checked", String(!silent));
        say(name, `${channel}${silent ? " silent" : ""}`);
        say(change, changes ? points(effect) : "…");
        size.style.width = `${changes ? Math.round((100 * Math.abs(effect)) / most) : 0}%`;
        size.classList.toggle("cw-cost-gain", effect > 0);
        say(worst, !changes ? "" : shown >= 0 ? `${names[shown]}: ${points(ofShown)}` : "none loses");
        const words = changes ? `: without it accuracy changes by ${points(effect)} percentage points${shown >= 0 ? `, of class ${names[shown]} by ${points(ofShown)}` : ""}` : "";
        root.setAttribute("aria-label", `channel ${channel}${words}`);
      });
      if (held !== null && standing[at] !== held) {
        go(standing.indexOf(held));
        tiles[at].root.focus();
      }
      board.setAttribute("aria-label", `channels of ${layer}`);
      bar.hidden = done >= 1;
      bar.value = done;
      const others = silenced.size ? ` ${silenced.size === 1 ? "One channel is" : `${count(silenced.size)} channels are`} silent now.` : "";
      say(ui.line, `Each tile: the change of accuracy without that channel alone, in percentage points, and the class hit hardest. Switch a channel off to see it in every card.${others}`);
      say(said, done >= 1 && accuracy !== null ? `reads ${number(100 * accuracy, 4)} % of ${count(model.get("sample"))} images with all channels` : `reading ${count(model.get("sample"))} images without each channel …`);
      table.refresh();
    };
    const traits = ["order", "silenced", "board_layer", "channels", "class_names", "sample", "share_done", "accuracy", "changes", "by_class", "worst", "can_undo", "can_redo"];
    follow([model], traits, paint, signal);
  },
};
