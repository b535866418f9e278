// @ts-check
// SVG as text: elements, colours, outlines of boxes, lines of letters.

/**
 * In CSS pixels. @typedef {{left: number, top: number, right: number, bottom: number}} Edges
 * A text in one line. @typedef {Edges & {text: string}} Line
 */

const NOT_XML = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\p{Cs}]/gu;

/** Text as XML holds it. @param {string} text */
export const escaped = (text) =>
  text.replace(NOT_XML, "�").replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** To a thousandth of a pixel. @param {number} value */
export const short = (value) => Math.round(value * 1000) / 1000;

/**
 * An element of XML, as text; an attribute that is undefined is left out.
 * @param {string} name @param {Record<string, string | number | undefined>} attributes
 * @param {...string} children XML already
 */
export function xml(name, attributes, ...children) {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const text = (/** @type {any} */ value) => escaped(String(typeof value === "number" ? short(value) : value));
  const start = [name, ...given.map(([key, value]) => `${key}="${text(value)}"`)].join(" ");
  const inside = children.join("");
  return inside ? `<${start}>${inside}</${name}>` : `<${start}/>`;
}

/**
 * A computed colour as every program reads it, and how opaque it is.
 * @param {string} colour @returns {[string, number]}
 */
export function opaque(colour) {
  const parts = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(colour);
  if (!parts) return [colour, colour === "none" ? 0 : 1];
  const hex = parts.slice(1, 4).map((part) => Number(part).toString(16).padStart(2, "0"));
  return [`#${hex.join("")}`, Number(parts[4] ?? 1)];
}

/**
 * The outline of a box, as a path. @param {Edges} box
 * @param {number[]} radii of its corners: top left, top right, bottom right, bottom left
 */
export function boxPath({ left, top, right, bottom }, radii) {
  const most = Math.min(right - left, bottom - top) / 2;
  const [a, b, c, d] = radii.map((radius) => Math.max(0, Math.min(radius, most)));
  const arc = (/** @type {number} */ radius, /** @type {string} */ to) =>
    radius ? `a${short(radius)} ${short(radius)} 0 0 1 ${to}` : "";
  const [w, t] = [right - left, bottom - top];
  return [
    `M${short(left + a)} ${short(top)}h${short(w - a - b)}${arc(b, `${short(b)} ${short(b)}`)}`,
    `v${short(t - b - c)}${arc(c, `${short(-c)} ${short(c)}`)}`,
    `h${short(c + d - w)}${arc(d, `${short(-d)} ${short(-d)}`)}`,
    `v${short(a + d - t)}${arc(a, `${short(a)} ${short(-a)}`)}z`,
  ].join("");
}

/** The lines that the letters of a text stand in. @param {Line[]} letters */
export function textLines(letters) {
  /** @type {Line[]} */
  const lines = [];
  for (const letter of letters) {
    const line = lines.at(-1);
    const isSpace = letter.text.trim() === "";
    if (line && Math.abs(letter.top - line.top) < 1) {
      line.text += letter.text;
      if (isSpace) continue;
      line.left = Math.min(line.left, letter.left);
      line.right = Math.max(line.right, letter.right);
    } else if (!isSpace) lines.push({ ...letter });
  }
  return lines.map((line) => ({ ...line, text: line.text.trimEnd() }));
}

/**
 * How many pixels of a picture stand for one of CSS: two or more, each pixel of the screen the same whole number.
 * @param {number} ratio
 */
export const scaleFor = (ratio) => ratio * Math.ceil(2 / ratio);

/** @param {Edges} box @param {number} by outwards */
export const grown = ({ left, top, right, bottom }, by) => ({
  left: left - by,
  top: top - by,
  right: right + by,
  bottom: bottom + by,
});
/** @param {Edges} a @param {Edges} b */
export const common = (a, b) => ({
  left: Math.max(a.left, b.left),
  top: Math.max(a.top, b.top),
  right: Math.min(a.right, b.right),
  bottom: Math.min(a.bottom, b.bottom),
});
/** @param {Edges} box */
export const isThere = ({ left, top, right, bottom }) => right > left && bottom > top;

/** What fills or strokes a shape. @param {string} how @param {string} colour */
export function paintOf(how, colour) {
  const [plain, opacity] = opaque(colour);
  return { [how]: plain, [`${how}-opacity`]: opacity < 1 ? opacity : undefined };
}

/**
 * A frame that runs inside or outside of a box.
 * @param {Edges} box @param {number[]} radii @param {number} width @param {string} colour
 * @param {string} style
 */
export const ring = (box, radii, width, colour, style) =>
  xml("path", {
    d: boxPath(box, radii),
    fill: "none",
    ...paintOf("stroke", colour),
    "stroke-width": width,
    "stroke-dasharray": style === "dashed" ? `${3 * width}` : undefined,
  });
