// @ts-check
// SlowMotion: what one optimizer step does to one kernel, phase by phase.

import {
  allow, card, count, follow, freshId, h, number, numberBox, put, read, say, showErrors, stateOf,
} from "./kit.js";
import { helping } from "./help.js";
import { legend } from "./legend.js";
import { saving } from "./save.js";
import { colours, inkOn, levelOf, limitsOf } from "./paint.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {string} kernel
 * @property {number} input
 * @property {number} inputs
 * @property {"" | "forward" | "loss" | "backward" | "update"} done
 * @property {boolean} finished
 * @property {number} slow_step
 * @property {number | null} loss_nats
 * @property {number} rate
 * @property {string} optimizer
 * @property {import("./kit.js").Wire | null} before
 * @property {import("./kit.js").Wire | null} gradient
 * @property {import("./kit.js").Wire | null} after
 */

const PHASES = ["forward", "loss", "backward", "update"];
const SAYS = /** @type {Record<string, string>} */ ({
  "": "Press “Forward”: one batch goes through the network, and the step can be followed part by part.",
  forward: "The batch went through the network. Next: the loss tells how wrong the scores are.",
  loss: "Next: backward, which finds for each weight how the loss changes with it: the gradient.",
  backward: "The gradient is known; no weight has changed yet. Next: the update.",
  update: "The weights were changed. The next step begins with another batch.",
});

const FINISHED =
  "All epochs are done, so no step is left to follow. In “Training”, press “One epoch more”, " +
  "or choose an earlier moment and press “⟲ from here”.";

const NO_KERNELS =
  "This layer has no kernels to show: choose a two-dimensional convolution, or a linear layer that reads maps.";

/** @type {import("./help.js").Keys} */
const KEYS = [["Enter, Space", "on the button: the next phase"]];

/**
 * What was done, and what comes next, in words.
 * @param {Pick<State, "done" | "finished" | "slow_step" | "loss_nats">} now
 */
export function inWords({ done, finished, slow_step, loss_nats }) {
  const loss = loss_nats === null ? "" : `, loss ${number(loss_nats, 4)} nats`;
  const lead = done ? `Step ${count(slow_step)}${loss}. ` : "";
  return lead + (finished ? FINISHED : SAYS[done]);
}

/** What the update did, in words. @param {string} optimizer @param {number} rate */
export function rule(optimizer, rate) {
  if (optimizer === "sgd") return `w′ = w − ${number(rate, 3)} · g, for plain SGD.`;
  const own = `${optimizer} makes its update of this gradient and of what it remembers of earlier ones`;
  return `${own}; plain SGD would take w − ${number(rate, 3)} · g.`;
}

/**
 * The limits of a grid's colours: as far below zero as above. @param {import("./kit.js").Numbers} data
 * @returns {import("./paint.js").Limits}
 */
export function limitsAbout(data) {
  const { high, bad } = limitsOf(data);
  return { low: -high, high, bad, signed: true };
}

/**
 * A grid of numbers, coloured by their size, and its scale; for eyes and for screen readers alike.
 * @param {string} name @param {string} what
 */
function grid(name, what) {
  const body = h("tbody");
  const scale = legend();
  const table = h("table", {}, h("caption", { textContent: `${name} · ${what}` }), body);
  const root = h("div", { className: "cw-slow-grid" }, table, scale.root);
  const show = (/** @type {import("./kit.js").NumberArray | null} */ values) => {
    root.hidden = !values;
    if (!values) return;
    const [rows, columns] = values.shape;
    const limits = limitsAbout(values.data);
    const map = colours("diverging");
    scale.show("diverging", limits, "this grid");
    const cell = (/** @type {number} */ value) => {
      if (!Number.isFinite(value)) return h("td", { textContent: number(value), className: "cw-hatched" });
      const at = 3 * levelOf(value, limits);
      const [red, green, blue] = [map[at], map[at + 1], map[at + 2]];
      const style = `background:rgb(${red} ${green} ${blue});color:${inkOn(red, green, blue)}`;
      return h("td", { textContent: number(value, 2), style });
    };
    const row = (/** @type {number} */ at) =>
      h("tr", {}, ...Array.from(values.data.slice(at * columns, (at + 1) * columns), cell));
    body.replaceChildren(...Array.from({ length: rows }, (_, at) => row(at)));
  };
  return { root, show };
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "slow");
    const next = h("button", { type: "button", className: "cw-press cw-play" });
    next.addEventListener("click", () => model.get("finished") || model.send({ do: "phase" }), { signal });
    const choose = (/** @type {number} */ value) => put(model, { input: value });
    const input = numberBox({ label: "input channel", current: () => model.get("input"), choose, signal });
    ui.tools.append(next);
    const marks = PHASES.map((phase) => h("li", { textContent: phase }));
    const phases = h("ol", { className: "cw-phases", "aria-label": "phases of a step" }, ...marks);
    const [before, gradient, change, after] = [
      grid("w", "weights"),
      grid("g", "gradient"),
      grid("w′ − w", "change"),
      grid("w′", "new weights"),
    ];
    const roots = [before, gradient, change, after].map((each) => each.root);
    const grids = h("div", { className: "cw-slow-grids" }, ...roots);
    const law = h("p", { className: "cw-line" });
    const said = h("span", { id: freshId("said") }); // an output itself describes nothing
    next.setAttribute("aria-describedby", said.id);
    const channel = h("label", { className: "cw-setting" }, h("span", { textContent: "input channel" }), input.box);
    ui.body.append(phases, h("output", { className: "cw-readout" }, said), grids, law, channel);
    helping(ui, ["batch", "loss", "nat", "gradient", "learning rate", "weight"], KEYS, signal);
    saving(ui, signal);
    showErrors(ui.root, ui.alert, [model, state], signal);

    const paint = () => {
      const done = model.get("done");
      const [w, g, made] = ["before", "gradient", "after"].map((name) => read(model.get(name)));
      const kernel = model.get("kernel");
      say(ui.title, "One step, in slow motion");
      say(ui.line, kernel ? `Kernel: ${kernel}.` : NO_KERNELS);
      const following = PHASES[(PHASES.indexOf(done) + 1) % PHASES.length];
      allow(next, !model.get("finished"));
      say(next, `▸ ${following[0].toUpperCase()}${following.slice(1)}`);
      marks.forEach((mark, at) => {
        const isDone = Boolean(done) && at <= PHASES.indexOf(done);
        mark.classList.toggle("cw-done", isDone);
        mark.setAttribute("aria-current", String(PHASES[at] === done));
      });
      const [finished, slow_step, loss_nats] = ["finished", "slow_step", "loss_nats"].map((name) => model.get(name));
      say(said, inWords({ done, finished, slow_step, loss_nats }));
      before.show(w);
      gradient.show(g);
      change.show(
        w && made && { shape: w.shape, data: Float32Array.from(made.data, (value, at) => value - w.data[at]) },
      );
      after.show(made);
      law.hidden = !made;
      say(law, rule(model.get("optimizer"), model.get("rate")));
      channel.hidden = model.get("inputs") < 2;
      input.box.max = Math.max(0, model.get("inputs") - 1);
      input.show();
    };
    const traits = [
      "kernel", "input", "inputs", "done", "finished", "slow_step", "loss_nats", "rate", "optimizer",
      "before", "gradient", "after",
    ];
    follow([model], traits, paint, signal);
  },
};
