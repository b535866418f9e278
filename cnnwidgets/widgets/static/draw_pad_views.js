// @ts-check
// What the pad shows: the ink, and the image that the network gets, as pixels, words and numbers.

import { h, number, read, say, times, twin } from "./kit.js";
import { frame, paintPhoto, photo, prepare } from "./paint.js";

/**
 * @typedef {import("./kit.js").Model} Model
 * @typedef {ReturnType<typeof import("./draw_pad_store.js").inkStore>} Store
 */

const PAD = 280;
const SEEN = 112;

/**
 * What the network looks at, in words.
 * @param {{
 *   origin: string, blank: boolean, centre: boolean, index: number | null, source: string, alone: boolean,
 * }} facts
 */
export function inWords({ origin, blank, centre, index, source, alone }) {
  if (origin === "upload") return "The network sees the picture you gave.";
  if (origin === "drawing") {
    if (blank) return "An empty pad. Draw in the square: the network reads along.";
    return `The network sees your drawing, ${centre ? "centred as MNIST's digits are" : "as it lies on the pad"}.`;
  }
  if (alone) return "An empty pad. Draw in the square.";
  const which = index === null ? "another image" : `image ${index} of ${source}`;
  if (blank) return `The microscope looks at ${which}. Draw to replace it.`;
  return `The microscope looks at ${which}; your drawing waits.`;
}

/** The values of an image as rows of a table. @param {import("./kit.js").NumberArray | null} image */
export function tableOf(image) {
  if (!image) return { columns: [], rows: [] };
  const [channels, rows, columns] = image.shape;
  const names = channels === 1 ? [""] : channels === 3 ? ["red ", "green ", "blue "] : [];
  const nameOf = (/** @type {number} */ channel) => names[channel] ?? `channel ${channel} `;
  const lines = Array.from({ length: channels * rows }, (_, line) => ({
    name: `${nameOf(Math.floor(line / rows))}${line % rows}`,
    cells: [...image.data.subarray(line * columns, (line + 1) * columns)].map((value) => number(value)),
  }));
  return { columns: ["row \\ column", ...[...Array(columns).keys()].map(String)], rows: lines };
}

/**
 * The ink on its canvas, dim while the microscope looks elsewhere, with the cursor of the keys.
 * @param {HTMLCanvasElement} canvas @param {Store} store @param {Model} model
 * @param {() => {row: number, column: number} | null} cursor
 */
export function inkView(canvas, store, model, cursor) {
  const hint = (/** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ ratio) => {
    context.fillStyle = "#a4aab0";
    context.font = `${14 * ratio}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.fillText("draw here", canvas.width / 2, canvas.height / 2);
  };
  return () => {
    const { channels, rows, columns, data } = store.ink;
    const room = Math.min(PAD, canvas.parentElement?.clientWidth || PAD);
    const scale = room / Math.max(rows, columns);
    const { context, ratio } = prepare(canvas, columns * scale, rows * scale);
    const { width, height } = canvas;
    const blank = store.isBlank();
    const waiting = !blank && !store.isShown();
    canvas.dataset.waiting = String(waiting);
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    context.globalAlpha = waiting ? 0.4 : 1;
    context.imageSmoothingEnabled = true;
    context.drawImage(photo(data, 0, channels, rows, columns), 0, 0, width, height);
    context.globalAlpha = 1;
    if (blank) hint(context, ratio);
    const cell = cursor();
    if (!cell) return;
    const [w, t] = [width / model.get("cells")[1], height / model.get("cells")[0]];
    frame(context, cell.column * w, cell.row * t, w, t, ratio);
  };
}

/**
 * The image that the network gets, and its table twin.
 * @param {Model} state @param {AbortSignal} signal
 */
export function seenView(state, signal) {
  const canvas = h("canvas", { className: "cw-seen", role: "img" });
  const caption = h("figcaption");
  const root = h("figure", { className: "cw-pad-seen" }, canvas, caption);
  const image = () => read(state.get("image"));
  const table = twin("pixels that the network gets, 0 to 255", () => tableOf(image()), signal);
  const paint = () => {
    const pixels = image();
    canvas.hidden = !pixels;
    table.refresh();
    if (!pixels) return say(caption, "no image yet");
    paintPhoto(canvas, pixels, SEEN);
    const size = times(pixels.shape.slice(1));
    say(caption, `the network gets this, ${size}`);
    let lit = 0;
    for (const value of pixels.data) if (value > 0) lit++;
    const name = `what the network gets: ${size}, ${lit} of ${pixels.data.length} values above 0`;
    canvas.setAttribute("aria-label", name);
  };
  return { root, table: table.root, paint };
}
