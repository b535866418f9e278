// @ts-check
// A kernel as it was last asked for: the page is ahead of Python while somebody drags or nudges.

import { put, read } from "./kit.js";

/** @typedef {import("./kit.js").Model} Model */

/** The bias, or what it was; null where there is none. @param {Model} model @param {"bias" | "original_bias"} name */
export const biasIn = (model, name) => (model.get(name) === null ? null : Number(model.get(name)));

/** What was asked for and not yet confirmed: the next nudge starts from it. @param {Model} model */
export function drafting(model) {
  /** @type {{serial: number, values: Float32Array | null, bias: number | null} | null} */
  let asked = null;
  let serials = 0;
  /** @param {Float32Array | null} values @param {number | null} bias @param {number} gesture */
  const send = (values, bias, gesture) => {
    serials = Math.max(serials + 1, Math.round(performance.timeOrigin + performance.now()));
    asked = { serial: serials, values, bias };
    const kernel = { layer: model.get("owner"), filter: model.get("filter"), input: model.get("input") };
    put(model, { draft: { ...kernel, values: values && [...values], bias, gesture, serial: serials } });
  };
  return {
    send,
    values: () => asked?.values ?? read(model.get("values"))?.data ?? null,
    bias: () => asked?.bias ?? biasIn(model, "bias"),
    /** Forgets what was taken, or refused. */
    settle: () => {
      if (asked && (model.get("taken") === asked.serial || model.get("error"))) asked = null;
    },
  };
}
