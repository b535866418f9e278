// @ts-check
// The button that slides over a map: from pixel to pixel, each a while after the last was explained.

import { h, say } from "./kit.js";

const SWEEP_MS = 600;

/** @param {{next(): void, pressed(): void, signal: AbortSignal}} options next: goes on to the next pixel */
export function sweeping({ next, pressed, signal }) {
  const button = h("button", { type: "button", className: "cw-press" });
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let playing = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
    playing = false;
  };
  const advance = () => {
    timer = undefined;
    next();
  };
  const toggle = () => {
    if (playing) stop();
    else {
      playing = !calm.matches; // who wants little motion takes one step a press
      advance();
    }
    pressed();
  };
  button.addEventListener("click", toggle, { signal });
  signal.addEventListener("abort", stop);
  const show = (/** @type {boolean} */ can) => {
    button.hidden = !can;
    say(button, playing ? "❚❚ Pause" : calm.matches ? "Next position ▸" : "▶ Slide over the map");
  };
  /** Waits a while for the next, if it plays and does not wait already. */
  const goOn = () => {
    if (playing && timer === undefined) timer = setTimeout(advance, SWEEP_MS);
  };
  return { button, show, stop, goOn };
}
