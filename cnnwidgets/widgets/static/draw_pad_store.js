// @ts-check
// The drawing of one pad, shared by all its views on a page: its ink, its past, its way to the kernel.

import { put, read } from "./kit.js";
import { isRestoring, whenRestored } from "./line.js";
import { blankInk, fillFrom, isBlank, past, shrunk } from "./draw_pad_ink.js";

const UNDOS = 40;
const FINE = 200; // below so many rows the page draws twice as fine as it sends

/**
 * ipywidgets sends a trait while none of this model's is under way, and of those that wait the
 * newest alone: so the kernel follows as fast as it can, and always gets the last ink.
 * @param {import("./kit.js").Model} model @param {AbortSignal} signal
 */
export function inkStore(model, signal) {
  let sent = /** @type {import("./kit.js").Wire} */ (model.get("ink"));
  const shape = sent.shape;
  const times = shape[1] < FINE ? 2 : 1;
  const ink = blankInk(shape[0], shape[1] * times, shape[2] * times);
  const before = past(UNDOS, ink.data.length);
  let blank = true;
  let asked = false; // for this stroke, that the microscope looks at the drawing

  const take = () => {
    const picture = read(model.get("ink"));
    if (picture) fillFrom(ink, picture);
    blank = isBlank(ink);
  };
  const isDrawn = (/** @type {import("./kit.js").Wire} */ wire) => {
    const here = shrunk(ink, times);
    const isHere = (/** @type {number} */ value, /** @type {number} */ at) => value === here[at];
    return Boolean(read(wire)?.data.every(isHere));
  };
  const follow = () => {
    if (model.get("ink") === sent) return;
    sent = model.get("ink");
    // The strokes on the page are newer than what reached the kernel; and the same ink is no news.
    if (isRestoring(model) || isDrawn(sent)) return;
    before.keep(ink.data);
    take();
  };
  const forget = () => (asked = false);
  model.on("change:ink", follow);
  model.on("change:origin", forget);
  model.on("change:error", forget);
  signal.addEventListener("abort", () => {
    model.off("change:ink", follow);
    model.off("change:origin", forget);
    model.off("change:error", forget);
  });
  take();

  // Asked for once a stroke, whatever `origin` says here: what it says can be older than the stroke.
  const show = () => {
    asked = true;
    model.send({ do: "draw" });
  };
  const give = () => {
    const data = shrunk(ink, times);
    blank = isBlank(ink);
    sent = { shape, dtype: "uint8", data: new DataView(data.buffer) };
    put(model, { ink: sent });
  };
  const send = () => {
    give();
    if (!asked) show();
  };
  const resend = () => {
    asked = false;
    send();
  };
  const changed = (/** @type {boolean} */ done) => {
    if (done) resend();
    return done;
  };
  const again = () => {
    give();
    if (asked && model.get("origin") !== "drawing") show();
  };
  whenRestored(model, again, signal);
  return {
    ink,
    isBlank: () => blank,
    /** Whether the microscope looks at the drawing, or is about to. */
    isShown: () => asked || model.get("origin") === "drawing",
    /** Remembers the drawing as it is, so that what follows can be undone; returns that copy. */
    keep: () => {
      asked = false;
      return before.keep(ink.data);
    },
    send,
    /** Lets the microscope look at the drawing. */
    show,
    undo: () => changed(before.undo(ink.data)),
    redo: () => changed(before.redo(ink.data)),
    undos: before.undos,
    redos: before.redos,
    clear: () => {
      if (!blank) before.keep(ink.data);
      ink.data.fill(0);
      resend();
    },
    /** Makes the image that the microscope looks at the drawing. */
    drawOver: () => model.send({ do: "over" }),
  };
}
