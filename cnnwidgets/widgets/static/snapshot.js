// @ts-check
// What a card shows, as an SVG that needs nothing else: text as text, canvases as pixels, drawings as drawings.

import { h } from "./kit.js";
import {
  boxPath, common, escaped, grown, isThere, opaque, paintOf, ring, scaleFor, short, textLines, xml,
} from "./svg.js";

/**
 * @typedef {import("./svg.js").Edges} Edges
 * Where the picture begins in the window, its device pixels, its letters, its clips, what lies on top.
 * @typedef {{x: number, y: number, ratio: number, family: string, pen: any, clips: number, rings: string[]}} Sheet
 */

/** Controls, and what is said aside: no part of the picture. */
const ASIDE =
  "dialog, details, label, select, input, progress, .cw-setting, .cw-tools, .cw-press, .cw-chips, " +
  ".cw-segments, .cw-help-open, .cw-save-open, .cw-error, .cw-hidden";
/** What a drawing's style sheets may say of it, besides its colours. */
const DRAWN = [
  "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "visibility",
  "shape-rendering", "text-anchor", "dominant-baseline", "font-family", "font-size", "font-weight", "font-style",
];

/**
 * Background, borders and inner ring of a box; its outline is drawn after all else.
 * @param {CSSStyleDeclaration} style @param {Edges} box @param {Sheet} sheet
 */
function boxOf(style, box, sheet) {
  const of = (/** @type {string} */ name) => /** @type {any} */ (style)[name];
  const radii = ["TopLeft", "TopRight", "BottomRight", "BottomLeft"].map((corner) =>
    parseFloat(of(`border${corner}Radius`)),
  );
  const parts = [];
  if (opaque(style.backgroundColor)[1])
    parts.push(xml("path", { d: boxPath(box, radii), ...paintOf("fill", style.backgroundColor) }));
  const sides = ["Left", "Top", "Right", "Bottom"].map((side) => ({
    edge: /** @type {keyof Edges} */ (side.toLowerCase()),
    width: parseFloat(of(`border${side}Width`)), // 0 where its style is none
    colour: of(`border${side}Color`),
    style: of(`border${side}Style`),
  }));
  const drawn = sides.filter(({ width, colour }) => width && opaque(colour)[1]);
  const { width, colour } = sides[0];
  // Cells of a table that share their borders have each half of them.
  const isShared = style.borderCollapse === "collapse" && style.display === "table-cell";
  const edges = isShared ? grown(box, Math.max(...sides.map((side) => side.width)) / 2) : box;
  if (drawn.length === 4 && sides.every((side) => side.width === width && side.colour === colour))
    parts.push(
      ring(
        grown(edges, -width / 2),
        radii.map((radius) => radius - width / 2),
        width,
        colour,
        sides[0].style,
      ),
    );
  else
    for (const side of drawn) {
      const opposite = /** @type {const} */ ({ left: "right", top: "bottom", right: "left", bottom: "top" })[side.edge];
      const sign = side.edge === "left" || side.edge === "top" ? 1 : -1;
      const strip = { ...edges, [opposite]: edges[side.edge] + sign * side.width };
      parts.push(xml("path", { d: boxPath(strip, [0, 0, 0, 0]), ...paintOf("fill", side.colour) }));
    }
  const inner = /^(rgba?\([^)]*\)) 0px 0px 0px ([\d.]+)px inset$/.exec(style.boxShadow);
  if (inner) parts.push(ring(grown(box, -width - Number(inner[2]) / 2), radii, Number(inner[2]), inner[1], "solid"));
  const outline = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
  const around = grown(box, parseFloat(style.outlineOffset) + outline / 2);
  if (outline) sheet.rings.push(ring(around, radii, outline, style.outlineColor, "solid"));
  return parts.join("");
}

/** @param {Text} node @param {Edges} seen @param {Sheet} sheet */
function textOf(node, seen, sheet) {
  if (!node.data.trim()) return "";
  const range = document.createRange();
  range.selectNodeContents(node);
  if (!isThere(common(range.getBoundingClientRect(), seen))) return ""; // before each letter is measured
  const letters = [];
  let at = 0;
  for (const text of node.data) {
    range.setStart(node, at);
    range.setEnd(node, (at += text.length));
    const box = range.getClientRects()[0];
    if (!box || (!box.width && !text.trim())) continue; // a space that is not shown
    letters.push({ text: text.trim() || " ", left: box.left, top: box.top, right: box.right, bottom: box.bottom });
  }
  const style = getComputedStyle(/** @type {Element} */ (node.parentElement));
  const { fontStyle, fontWeight, fontSize, fontFamily } = style;
  sheet.pen.font = `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
  const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = sheet.pen.measureText("x");
  const looks = {
    "font-size": fontSize,
    "font-weight": fontWeight === "400" ? undefined : fontWeight,
    "font-style": fontStyle === "normal" ? undefined : fontStyle,
    "font-family": fontFamily === sheet.family ? undefined : fontFamily,
    ...paintOf("fill", style.color),
  };
  return textLines(letters)
    .filter((line) => isThere(common(line, seen)))
    .map((line) => {
      const y = (line.top + line.bottom + up - down) / 2 - sheet.y;
      // Letters of another font, where this one is missing, take the same room.
      const fitted =
        line.text.length > 1 ? { textLength: line.right - line.left, lengthAdjust: "spacingAndGlyphs" } : {};
      return xml("text", { x: line.left - sheet.x, y, ...fitted, ...looks }, escaped(line.text));
    })
    .join("");
}

/** @param {HTMLCanvasElement} canvas @param {Edges} box its own, without borders @param {Sheet} sheet */
function imageOf(canvas, { left, top, right, bottom }, sheet) {
  if (!canvas.width || !canvas.height) return "";
  const { ratio } = sheet;
  const snap = (/** @type {number} */ at) => Math.round(at * ratio) / ratio;
  // Its own pixels, where they are those of the screen; a scale of colours is drawn larger or smaller.
  const side = (/** @type {number} */ size, /** @type {number} */ pixels) =>
    Math.abs(size * ratio - pixels) < 1 ? pixels / ratio : size;
  const [width, height] = [side(right - left, canvas.width), side(bottom - top, canvas.height)];
  const name = canvas.closest("[aria-label], section")?.getAttribute("aria-label");
  const place = { x: snap(left - sheet.x), y: snap(top - sheet.y), width, height, preserveAspectRatio: "none" };
  // The style is for browsers, the attribute for programs that know SVG 1.1.
  const crisp = { "image-rendering": "optimizeSpeed", style: "image-rendering: pixelated" };
  const title = name ? xml("title", {}, escaped(name)) : "";
  return xml("image", { ...place, ...crisp, "xlink:href": canvas.toDataURL() }, title);
}

/**
 * A drawing within the page, with what its style sheets say of it.
 * @param {SVGSVGElement} drawing @param {Edges} box @param {Sheet} sheet
 */
function drawingOf(drawing, box, sheet) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
  const [from, to] = [drawing, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  from.forEach((node, i) => {
    const style = getComputedStyle(node);
    const twin = to[i];
    if (style.display === "none" || node.matches("foreignObject, script")) return twin.remove();
    for (const name of ["class", "style"]) twin.removeAttribute(name);
    for (const name of DRAWN) twin.setAttribute(name, style.getPropertyValue(name));
    for (const name of ["fill", "stroke"]) {
      const [colour, opacity] = opaque(style.getPropertyValue(name));
      twin.setAttribute(name, colour);
      twin.setAttribute(`${name}-opacity`, String(opacity * Number(style.getPropertyValue(`${name}-opacity`))));
    }
  });
  const place = {
    x: box.left - sheet.x,
    y: box.top - sheet.y,
    width: box.right - box.left,
    height: box.bottom - box.top,
  };
  for (const [name, value] of Object.entries(place)) copy.setAttribute(name, String(short(value)));
  return new XMLSerializer().serializeToString(copy);
}

/**
 * What is seen of a node and all in it.
 * @param {Node} node @param {Edges} seen @param {Sheet} sheet @returns {string}
 */
function drawn(node, seen, sheet) {
  if (node instanceof Text) return textOf(node, seen, sheet);
  if (!(node instanceof Element) || node.matches(ASIDE)) return "";
  const style = getComputedStyle(node);
  if (style.display === "none" || style.visibility !== "visible") return "";
  const box = node.getBoundingClientRect();
  if (node instanceof SVGSVGElement) return drawingOf(node, box, sheet);
  const at = {
    left: box.left - sheet.x,
    top: box.top - sheet.y,
    right: box.right - sheet.x,
    bottom: box.bottom - sheet.y,
  };
  const own = isThere(common(box, seen)) ? boxOf(style, at, sheet) : "";
  const [left, top] = [box.left + node.clientLeft, box.top + node.clientTop];
  const inside = { left, top, right: box.right - node.clientLeft, bottom: box.bottom - node.clientTop };
  if (node instanceof HTMLCanvasElement) return isThere(common(inside, seen)) ? own + imageOf(node, inside, sheet) : "";
  const clips = style.overflowX !== "visible" || style.overflowY !== "visible";
  const room = { left, top, right: left + node.clientWidth, bottom: top + node.clientHeight };
  const parts = [...node.childNodes].map((child) => drawn(child, clips ? common(seen, room) : seen, sheet)).join("");
  const sticksOut = node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight;
  if (!clips || !sticksOut || !parts) return own + parts;
  const id = `clip${(sheet.clips += 1)}`;
  const edge = xml("rect", { x: left - sheet.x, y: top - sheet.y, width: node.clientWidth, height: node.clientHeight });
  return own + xml("clipPath", { id }, edge) + xml("g", { "clip-path": `url(#${id})` }, parts);
}

/**
 * Puts elements in the place of all that style sheets write before and after others: nobody can say
 * where that is. @param {HTMLElement} root
 */
function standIns(root) {
  const made = [];
  for (const node of root.querySelectorAll(":not(svg, svg *)"))
    for (const which of ["::before", "::after"]) {
      const style = getComputedStyle(node, which);
      if (!style.content.startsWith('"')) continue;
      const span = h("span", { textContent: style.content.slice(1, -1) });
      for (const name of style) span.style.setProperty(name, style.getPropertyValue(name));
      made.push({ node, span, isFirst: which === "::before" });
    }
  for (const { node, span, isFirst } of made) isFirst ? node.prepend(span) : node.append(span);
  return made.map(({ span }) => span);
}

/** @param {HTMLElement} root */
function groundOf(root) {
  /** @type {Element | null} */
  let node = root;
  while (node && opaque(getComputedStyle(node).backgroundColor)[1] < 1) node = node.parentElement;
  return node ? opaque(getComputedStyle(node).backgroundColor)[0] : "#ffffff";
}

/**
 * A card as it is on the screen, less its controls. The page is changed on the way, and is as it was
 * before it is painted again.
 * @param {{root: HTMLElement, title: HTMLElement, line: HTMLElement}} card
 */
export function snapshot({ root, title, line }) {
  const aside = [...root.querySelectorAll(ASIDE)];
  root.style.minHeight = `${root.offsetHeight}px`; // or a page that is scrolled to its end would jump
  const spans = standIns(root);
  root.classList.add("cw-saving"); // nothing is left open where a control was
  for (const node of aside) node.classList.add("cw-aside");
  try {
    const { left: x, top: y, width: wide } = root.getBoundingClientRect();
    const { fontFamily: family, paddingBottom, fontVariantNumeric } = getComputedStyle(root);
    const kept = [...root.children].filter((node) => !node.matches(ASIDE));
    const end = Math.max(...kept.map((node) => node.getBoundingClientRect().bottom)) + parseFloat(paddingBottom);
    const ratio = window.devicePixelRatio || 1;
    const scale = scaleFor(ratio);
    const [width, height] = [wide, end - y].map((side) => Math.ceil(side * scale) / scale); // whole pixels
    const pen = h("canvas").getContext("2d");
    const sheet = { x, y, ratio, family, pen, clips: 0, rings: /** @type {string[]} */ ([]) };
    const seen = { left: x, top: y, right: x + width, bottom: y + height };
    const ground = xml("rect", { width, height, fill: groundOf(root) });
    const words = xml("title", {}, escaped(title.innerText)) + xml("desc", {}, escaped(line.innerText));
    const content = words + ground + kept.map((node) => drawn(node, seen, sheet)).join("") + sheet.rings.join("");
    /** @param {number} by how many times as large */
    const svg = (by) =>
      xml(
        "svg",
        {
          xmlns: "http://www.w3.org/2000/svg",
          "xmlns:xlink": "http://www.w3.org/1999/xlink",
          width: width * by,
          height: height * by,
          viewBox: `0 0 ${short(width)} ${short(height)}`,
          "font-family": family,
          style: `font-variant-numeric: ${fontVariantNumeric}`,
        },
        content,
      );
    return { svg: svg(1), large: svg(scale), width: Math.round(width * scale), height: Math.round(height * scale) };
  } finally {
    for (const span of spans) span.remove();
    for (const node of aside) node.classList.remove("cw-aside");
    root.classList.remove("cw-saving");
    root.style.minHeight = "";
  }
}
