// @ts-check
// The controls of a training: its buttons, and the settings that hold from the next step on.

import { allow, h, say } from "./kit.js";
import { noNumber, parsed } from "./typed.js";
import { forgets, stopsBack, stopsStep } from "./training_words.js";

const OPTIMIZERS = ["sgd", "momentum", "adam", "adamw"];
const SCHEDULES = ["one_cycle", "constant"];

/** @param {string} text @param {string} label */
const press = (text, label) =>
  h("button", { type: "button", className: "cw-press", textContent: text, "aria-label": label, title: label });

/** A labelled control. @param {string} text @param {HTMLElement} control */
export const labelled = (text, control) =>
  h("label", { className: "cw-setting" }, h("span", { textContent: text }), control);

/** @param {string[]} choices */
function select(choices) {
  const options = choices.map((value) => h("option", { value, textContent: value.replace("_", " ") }));
  return h("select", { className: "cw-select" }, ...options);
}

/**
 * A box for a number that is handed over on Enter or when left, and then shows what holds.
 * @param {{
 *   such: string, current(): number, choose(value: number): void, tell(text: string): void, signal: AbortSignal,
 * }} options
 */
function settingBox({ such, current, choose, tell, signal }) {
  const box = h("input", { type: "text", inputMode: "decimal", className: "cw-number" });
  let editing = false;
  const show = () => {
    if (!editing) box.value = String(current());
  };
  const leave = () => {
    const value = parsed(box.value);
    if (editing && box.value.trim() !== "") {
      tell(value === null ? noNumber(box.value, such) : "");
      if (value !== null) choose(value);
    }
    editing = false;
    show();
  };
  box.addEventListener("input", () => (editing = true), { signal });
  for (const event of ["change", "blur"]) box.addEventListener(event, leave, { signal });
  box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && leave(), { signal });
  return { box, show };
}

/**
 * What a button does; `stops` says why it cannot now, `loses` how many steps it would forget: then
 * it does so when it is pressed a second time.
 * @typedef {{button: HTMLElement, act(): void, stops?(): string, loses?(): number}} Action
 */

/**
 * The buttons of a training. @param {import("./kit.js").Model} model @param {() => number} here
 * @param {AbortSignal} signal
 */
export function transport(model, here, signal) {
  const ask = (/** @type {string} */ wish, rest = {}) => model.send({ do: wish, ...rest });
  const toggle = () => {
    const status = model.get("status");
    ask(status === "playing" ? "pause" : status === "finished" ? "more" : "play");
  };
  const done = () => model.get("steps_done");
  const noStep = () => stopsStep(model.get("status"));
  const noBack = () => stopsBack(model.get("status"), here() < done());
  /** @type {Action} */
  const play = { button: h("button", { type: "button", className: "cw-press cw-play" }), act: toggle };
  /** @type {Action} */
  const step = { button: press("+1", "one step"), act: () => ask("step"), stops: noStep };
  /** @type {Action} */
  const phase = { button: press("+¼", "a quarter of a step"), act: () => ask("phase"), stops: noStep };
  /** @type {Action} */
  const back = {
    button: press("⟲ from here", "go back to this moment, and train on from it"),
    act: () => ask("rewind", { step: here() }),
    stops: noBack,
    loses: () => done() - here(),
  };
  /** @type {Action} */
  const fresh = { button: press("Start afresh", "new random weights, step 0"), act: () => ask("fresh"), loses: done };
  const actions = [play, step, phase, back, fresh];

  const note = h("p", { className: "cw-error", role: "alert", hidden: true });
  /** The action in whose place something was said. @type {Action | null} */
  let asked = null;
  const tell = (/** @type {string} */ words, /** @type {Action | null} */ instead = null) => {
    asked = instead;
    note.hidden = !words;
    say(note, words);
  };
  const use = (/** @type {Action} */ action, isDouble = false) => {
    const stopped = action.stops?.() ?? "";
    const lost = action.loses?.() ?? 0;
    if (stopped) tell(stopped, action);
    else if (lost && (asked !== action || isDouble)) tell(forgets(lost), action);
    else {
      tell("");
      action.act();
    }
  };
  for (const action of actions) {
    action.button.addEventListener("click", (event) => use(action, event.detail > 1), { signal });
    action.button.addEventListener("blur", () => tell(""), { signal });
  }
  const keys = (/** @type {KeyboardEvent} */ event) => {
    const on = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || on.matches("input, select, summary, [role=slider]")) return;
    if (event.key === " " && !on.matches("button")) use(play);
    else if (event.key === "ArrowRight") use(step);
    else if (event.key === ".") use(phase);
    else if (event.key === "Escape" && asked) tell("");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const looks = { className: "cw-transport", role: "group", "aria-label": "training" };
  const buttons = h("div", looks, ...actions.map(({ button }) => button));
  const root = h("div", {}, buttons, note);
  const show = () => {
    const status = model.get("status");
    say(play.button, status === "playing" ? "❚❚ Pause" : status === "finished" ? "▶ One epoch more" : "▶ Train");
    for (const { button, stops } of [step, phase, back]) allow(button, !stops?.());
  };
  return { root, show, keys };
}

/**
 * The settings of a training. @param {import("./kit.js").Model} model @param {(text: string) => void} tell
 * @param {AbortSignal} signal
 */
export function settings(model, tell, signal) {
  const set = (/** @type {string} */ name, /** @type {any} */ value) => model.send({ do: "set", name, value });
  const number = (/** @type {string} */ name, /** @type {string} */ such) =>
    settingBox({ such, current: () => model.get(name), choose: (value) => set(name, value), tell, signal });
  const [rate, size] = [number("learning_rate", "0.006"), number("batch_size", "128")];
  const [optimizer, schedule] = [select(OPTIMIZERS), select(SCHEDULES)];
  optimizer.addEventListener("change", () => set("optimizer", optimizer.value), { signal });
  schedule.addEventListener("change", () => set("schedule", schedule.value), { signal });
  const root = h(
    "div",
    { className: "cw-settings" },
    labelled("learning rate", rate.box),
    labelled("optimizer", optimizer),
    labelled("batch size", size.box),
    labelled("schedule", schedule),
  );
  const show = () => {
    rate.show();
    size.show();
    optimizer.value = model.get("optimizer");
    schedule.value = model.get("schedule");
  };
  return { root, show };
}
