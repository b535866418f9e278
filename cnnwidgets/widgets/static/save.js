// @ts-check
// Saves what a card shows as a picture, made in the page: pixels (PNG), or text and lines (SVG).

import { freshId, h, say } from "./kit.js";
import { snapshot } from "./snapshot.js";

const KEPT_MS = 60_000; // a browser may ask where to save, and reads the picture after the answer
const LONGEST = 80;

/**
 * The name of a file for a card's title: letters and digits of any script, and hyphens.
 * @param {string} title @param {string} kind
 */
export function fileName(title, kind) {
  const plain = title.toLowerCase().replaceAll("×", "x");
  const words = plain.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  let name = "cnnwidgets";
  for (const word of words) if (name.length + word.length < LONGEST) name += `-${word}`;
  return `${name}.${kind}`;
}

/** @param {string} svg */
const svgFile = (svg) => new Blob([svg], { type: "image/svg+xml" });

/** An SVG as pixels. @param {ReturnType<typeof snapshot>} picture @returns {Promise<Blob>} */
async function pngFile({ large, width, height }) {
  const image = new Image(width, height);
  image.src = URL.createObjectURL(svgFile(large));
  try {
    await image.decode();
    const canvas = h("canvas", { width, height });
    canvas.getContext("2d").drawImage(image, 0, 0);
    const blob = await new Promise((done) => canvas.toBlob(done));
    if (!blob) throw new Error(`${width} × ${height} pixels are more than this browser can draw`);
    return blob;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** @param {Blob} file @param {string} name */
function download(file, name) {
  const href = URL.createObjectURL(file);
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), KEPT_MS);
}

/** An arrow down to a line. */
function icon() {
  const [svg, path] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", "M12 6v8m-3.5-3.5L12 14l3.5-3.5M7 17.5h10");
  svg.append(path);
  return svg;
}

/**
 * Gives a card a button that saves it as a picture; after `helping`, whose button it stands beside.
 * @param {{root: HTMLElement, title: HTMLElement, line: HTMLElement}} card @param {AbortSignal} signal
 */
export function saving(card, signal) {
  const name = h("p", { className: "cw-save-name", id: freshId("save"), textContent: "Save as picture" });
  const choice = (/** @type {string} */ kind, /** @type {string} */ words) => {
    const format = h("strong", { textContent: kind.toUpperCase() });
    const button = h("button", { type: "button", className: "cw-press" }, format, ` ${words}`);
    button.addEventListener("click", () => save(kind), { signal });
    return button;
  };
  const choices = [choice("png", "pixels, for slides"), choice("svg", "lines, for print")];
  const problem = h("p", { className: "cw-error", role: "alert", hidden: true });
  const box = h("dialog", { className: "cw-save", "aria-labelledby": name.id }, name, ...choices, problem);
  const label = { title: "Save as picture", "aria-label": "save as picture", "aria-haspopup": "dialog" };
  const open = h("button", { type: "button", className: "cw-save-open", ...label }, icon());
  card.title.after(open);
  card.root.append(box);

  const save = async (/** @type {string} */ kind) => {
    try {
      const picture = snapshot(card);
      download(kind === "svg" ? svgFile(picture.svg) : await pngFile(picture), fileName(card.title.innerText, kind));
      box.close();
    } catch (error) {
      problem.hidden = false;
      const reason = error instanceof Error ? error.message : String(error);
      say(problem, `No ${kind.toUpperCase()} could be made: ${reason}. ${kind === "png" ? "Try SVG." : "Try PNG."}`);
    }
  };
  const show = () => {
    problem.hidden = true;
    box.showModal(); // closed, it gives the focus back to who had it
    const edges = open.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    box.style.right = `${Math.min(clientWidth - edges.right, clientWidth - box.offsetWidth - 8)}px`;
    box.style.top = `${Math.max(8, Math.min(edges.bottom, clientHeight - box.offsetHeight - 8))}px`;
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation(); // the card's own keys rest meanwhile
    if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    choices[1 - choices.indexOf(document.activeElement)]?.focus();
  };
  open.addEventListener("click", show, { signal });
  box.addEventListener("keydown", press, { signal });
  const outside = (/** @type {MouseEvent} */ event) => event.target === box && box.close();
  box.addEventListener("click", outside, { signal });
}
