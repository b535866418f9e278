// @ts-check
// The switches of a board, a tile each: one tab stop, arrows move, Shift switches a range.

import { h, say } from "./kit.js";
import { moved } from "./tiles.js";

/**
 * What a tile shows; `share` is the length of its bar, in per cent.
 * @typedef {{
 *   channel: number, silent: boolean, change: string, share: number, gains: boolean, worst: string, label: string,
 * }} Tile
 */

function tile() {
  const [name, change] = [h("b"), h("span")];
  const size = h("span", { className: "cw-cost-size" });
  const worst = h("span", { className: "cw-cost-class" });
  const cost = h("span", { className: "cw-cost" }, size);
  const props = { type: "button", className: "cw-switch", role: "switch", tabIndex: -1 };
  const root = h("button", props, name, change, cost, worst);
  const show = (/** @type {Tile} */ now) => {
    root.setAttribute("aria-checked", String(!now.silent));
    root.setAttribute("aria-label", now.label);
    say(name, `${now.channel}${now.silent ? " silent" : ""}`);
    say(change, now.change);
    size.style.width = `${now.share}%`;
    size.classList.toggle("cw-cost-gain", now.gains);
    say(worst, now.worst);
  };
  return { root, show };
}

/**
 * @param {{
 *   toggle(board: number[], to: number, from: number | null): void, clear(): boolean, signal: AbortSignal,
 * }} options toggle: of the channels as they stand one, or all from `from`; clear: false if there was nothing to clear
 */
export function switches({ toggle, clear, signal }) {
  const root = h("div", { className: "cw-board", role: "group" });
  /** @type {ReturnType<typeof tile>[]} */
  let tiles = [];
  /** @type {number[]} the channels as they stand */
  let board = [];
  let at = 0;
  /** @type {number | null} the channel that was switched last */
  let last = null;

  const go = (/** @type {number} */ place) => {
    tiles[at]?.root.setAttribute("tabindex", "-1");
    at = place;
    tiles[at]?.root.setAttribute("tabindex", "0");
  };
  const press = (/** @type {number} */ place, /** @type {boolean} */ range) => {
    toggle(board, place, range && last !== null ? board.indexOf(last) : null);
    if (!range) last = board[place];
  };
  const placeOf = (/** @type {Event} */ event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    return tiles.findIndex((each) => each.root === button);
  };
  const click = (/** @type {MouseEvent} */ event) => {
    const place = placeOf(event);
    if (place < 0) return;
    go(place);
    press(place, event.shiftKey);
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
    } else if (event.shiftKey && (event.key === " " || event.key === "Enter")) press(at, true);
    else if (event.key !== "Escape" || !clear()) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const focused = (/** @type {FocusEvent} */ event) => {
    const place = placeOf(event);
    if (place >= 0 && place !== at) go(place);
  };
  root.addEventListener("click", click, { signal });
  root.addEventListener("keydown", key, { signal });
  root.addEventListener("focusin", focused, { signal });

  const show = (/** @type {Tile[]} */ now) => {
    if (tiles.length !== now.length) {
      tiles = now.map(tile);
      root.replaceChildren(...tiles.map((each) => each.root));
      last = null;
      go(0);
    }
    const held = root.contains(document.activeElement) ? board[at] : null;
    board = now.map(({ channel }) => channel);
    now.forEach((each, place) => tiles[place].show(each));
    if (held === null || board[at] === held) return;
    go(board.indexOf(held)); // the focus stays with its channel
    tiles[at].root.focus();
  };
  return { root, show };
}
