// @ts-check
// Prediction: the probability of each class as bars, right or wrong, the logits as text.

import { card, count, follow, h, number, read, say, stateOf } from "./kit.js";
import { helping } from "./help.js";
import { saving } from "./save.js";

/**
 * @typedef {object} State
 * @property {string | null} stage
 * @property {string} error
 * @property {import("./kit.js").Wire | null} logits
 * @property {import("./kit.js").Wire | null} probabilities
 * @property {number | null} index
 * @property {import("./kit.js").Wire | null} image
 * @property {number | null} label
 * @property {string[]} classes
 * @property {string} source
 * @property {number} size
 */

const ALL = 12; // up to so many classes are shown in their order, of more the ten likeliest

/** Per cent with one digit; never 100.0 for what is not certain. @param {number} probability */
export function percent(probability) {
  if (!Number.isFinite(probability)) return "NaN";
  const text = (100 * probability).toFixed(1);
  if (text === "100.0" && probability < 1) return "> 99.9 %";
  return `${text} %`;
}

/** The classes to show, by number. @param {ArrayLike<number>} probabilities */
export function shownClasses(probabilities) {
  const all = [...Array(probabilities.length).keys()];
  if (all.length <= ALL) return all;
  return all.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 10);
}

/** The number of the largest, or −1 if one is not a number. @param {ArrayLike<number>} values */
export function largest(values) {
  let best = -1;
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== values[i]) return -1;
    if (best < 0 || values[i] > values[best]) best = i;
  }
  return best;
}

export default {
  /** @param {import("./kit.js").RenderProps} props */
  async render({ model, el, signal, host }) {
    const state = await stateOf(model, host);
    const ui = card(el, "prediction");
    helping(ui, ["probability", "logit"], [], signal);
    saving(ui, signal);
    const verdict = h("strong");
    const sure = h("strong");
    const word = h("span", { className: "cw-verdict" });
    const sentence = h("span", { "aria-live": "polite" }, "reads ", verdict, " with ", sure, " · ", word);
    const plain = h("span");
    ui.line.append(sentence, plain);
    const body = h("tbody");
    const head = ["class", "probability", "logit"].map((text) => h("th", { scope: "col", textContent: text }));
    head[1].colSpan = 2;
    const table = h(
      "table",
      { className: "cw-bars" },
      h("caption", { className: "cw-hidden", textContent: "probability and logit of each class" }),
      h("thead", {}, h("tr", {}, ...head)),
      body,
    );
    ui.body.append(table);
    /** @type {{row: any, name: any, bar: any, share: any, logit: any}[]} */
    let rows = [];
    const build = (/** @type {number} */ wanted) => {
      rows = Array.from({ length: wanted }, () => {
        const name = h("th", { scope: "row" });
        const bar = h("span", { className: "cw-fill" });
        const [share, logit] = [h("td"), h("td")];
        const row = h("tr", {}, name, h("td", {}, h("span", { className: "cw-track" }, bar)), share, logit);
        return { row, name, bar, share, logit };
      });
      body.replaceChildren(...rows.map((part) => part.row));
    };

    const paint = () => {
      const probabilities = read(state.get("probabilities"))?.data;
      const logits = read(state.get("logits"))?.data;
      say(ui.title, "Prediction");
      table.hidden = sentence.hidden = !probabilities;
      if (!probabilities) return say(plain, "This model gives no score for each class.");
      const classes = state.get("classes");
      const named = classes.length === probabilities.length;
      const nameOf = (/** @type {number} */ i) => (named ? classes[i] : `${i}`);
      const best = largest(probabilities);
      const label = state.get("label");
      sentence.hidden = best < 0;
      say(plain, best < 0 ? "The scores are not numbers (NaN): the network's output is undefined here." : "");
      if (best >= 0) {
        say(verdict, nameOf(best));
        say(sure, percent(probabilities[best]));
        const known = named && label !== null && label !== undefined;
        const right = known && label === best;
        say(word, known ? (right ? "right" : `wrong, labelled ${nameOf(label)}`) : "no label to compare");
        word.dataset.verdict = known ? (right ? "right" : "wrong") : "unknown";
      }
      const shown = shownClasses(probabilities);
      if (rows.length !== shown.length) build(shown.length);
      for (const part of [head[2], ...rows.map((each) => each.logit)]) part.hidden = !logits;
      const all = count(probabilities.length);
      say(ui.foot, shown.length < probabilities.length ? `the 10 likeliest of ${all} classes` : "");
      shown.forEach((i, at) => {
        const { row, name, bar, share, logit } = rows[at];
        say(name, nameOf(i));
        bar.style.inlineSize = `${100 * (probabilities[i] || 0)}%`;
        say(share, percent(probabilities[i]));
        say(logit, logits ? number(logits[i], 3) : "");
        row.classList.toggle("cw-best", i === best);
        row.classList.toggle("cw-label", named && i === label);
      });
    };
    follow([state], ["probabilities", "logits", "label", "classes"], paint, signal);
  },
};
