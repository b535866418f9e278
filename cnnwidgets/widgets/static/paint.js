// @ts-check
// From numbers to colours: colour maps, limits, pictures of arrays.

import { number } from "./kit.js";

/** @typedef {import("./kit.js").Numbers} Numbers */
/** @typedef {{low: number, high: number, bad: number, signed: boolean}} Limits */

// Colours at equal distances, six hexadecimal digits each; viridis and cividis as in Matplotlib (CC0).
const STOPS = {
  grey: "000000ffffff",
  viridis:
    "440154470d6048186a482374472d7b4536814240863f49893b528b375a8d33638d2f6a8e2c728e297a8e26818e23898e" +
    "21908c1f988b1f9f8821a68528ae8031b57b3ebc744cc26c5dc9636ece5882d34c96d83fabdc32c0df24d5e21aeae51a" +
    "fde725",
  cividis:
    "00224e00255300275800295d002b62002d68002f6d0031700533710f35701637701c396f213b6e263d6e2a3f6d2e416d" +
    "32436d35456c39486c3c4a6c3f4c6c424e6c45506c48526c4b546c4e566c51586d545a6d565c6d595e6e5c616e5e636f" +
    "61656f646770666970696b716c6d726e6f737172747374757676767878777b7a787e7c78807f78838179868379898578" +
    "8c88788f8a78928c78948e779791779a93769d9576a09875a39a74a69c74a99f73aca172afa471b3a670b6a96fb9ab6d" +
    "bcae6cbfb06bc2b369c5b568c8b866ccba64cfbd62d2c060d5c25ed9c55cdcc859dfca57e2cd54e6d051e9d34eedd54a" +
    "f0d846f3db42f7de3efbe138fee434fee838",
  diverging: "053b751f6fb44aa8d8a6d8eefffffffdcfa2f59448e05f0c9c3204",
};
export const LEVELS = 257; // odd, so that zero has a level of its own in the diverging map

/** @type {Map<string, Uint8Array>} */
const tables = new Map();

/**
 * A colour map as LEVELS × (red, green, blue).
 * @param {string} name one of grey, viridis, cividis, diverging
 */
export function colours(name) {
  let table = tables.get(name);
  if (!table) {
    const stops = /** @type {any} */ (STOPS)[name].match(/.{6}/g).map((/** @type {string} */ hex) => parseInt(hex, 16));
    table = new Uint8Array(LEVELS * 3);
    for (let level = 0; level < LEVELS; level++) {
      const at = (level / (LEVELS - 1)) * (stops.length - 1);
      const left = Math.min(Math.floor(at), stops.length - 2);
      for (let part = 0; part < 3; part++) {
        const shift = 16 - 8 * part;
        const [a, b] = [(stops[left] >> shift) & 255, (stops[left + 1] >> shift) & 255];
        table[level * 3 + part] = Math.round(a + (b - a) * (at - left));
      }
    }
    tables.set(name, table);
  }
  return table;
}

/** The share of light that a byte of a colour stands for. @param {number} byte */
const light = (byte) => (byte <= 10 ? byte / 3295 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
/** The ink, at 4.5 to 1 or better, on a colour. @param {number} red @param {number} green @param {number} blue */
export const inkOn = (red, green, blue) =>
  0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue) > 0.179 ? "#000" : "#fff";

/**
 * The limits of the finite values, from zero up or symmetric about it; and how many are not finite.
 * @param {Numbers} data @param {number} [start] @param {number} [stop] @returns {Limits}
 */
export function limitsOf(data, start = 0, stop = data.length) {
  let [least, most, bad] = [0, 0, 0];
  for (let i = start; i < stop; i++) {
    const value = data[i];
    if (value < least) value === -Infinity ? bad++ : (least = value);
    else if (value > most) value === Infinity ? bad++ : (most = value);
    else if (value !== value) bad++;
  }
  return limitsBetween(least, most, bad);
}

/** The limits of values in `least` ≤ 0 ≤ `most`. @param {number} least @param {number} most @param {number} bad */
export function limitsBetween(least, most, bad) {
  const signed = least < 0;
  const limit = Math.max(most, -least);
  return { low: signed ? -limit : 0, high: signed ? limit : most, bad, signed };
}

/** The limits of a change: zero is in the middle, whatever its signs. @param {{high: number, bad: number}} limits */
export const centred = ({ high, bad }) => ({ low: -high, high, bad, signed: true });

/** The name of the colour map that "auto" means. @param {string} chosen @param {Limits} limits */
export const colourMapFor = (chosen, limits) =>
  chosen === "auto" ? (limits.signed ? "diverging" : "viridis") : chosen;

/** The level of a value between limits, 0 to LEVELS − 1. @param {number} value @param {Limits} limits */
export function levelOf(value, { low, high, signed }) {
  if (high <= low) return signed ? (LEVELS - 1) / 2 : 0; // nothing but zeros
  const level = Math.round(((value - low) / (high - low)) * (LEVELS - 1));
  return Math.min(LEVELS - 1, Math.max(0, level));
}

/**
 * The pixels of an array in colour: red, green, blue, alpha. What is not finite stays clear.
 * @param {Numbers} data @param {number} start @param {number} length @param {string} map @param {Limits} limits
 * @param {Uint8ClampedArray} out @param {number} [at] where in `out`, in pixels
 */
export function fillPixels(data, start, length, map, limits, out, at = 0) {
  const table = colours(map);
  const { low, high } = limits;
  const scale = high > low ? (LEVELS - 1) / (high - low) : 0;
  const flat = high > low ? 0 : levelOf(0, limits);
  for (let i = 0, o = at * 4; i < length; i++, o += 4) {
    const value = data[start + i];
    if (!(Math.abs(value) < Infinity)) {
      out[o + 3] = 0;
      continue;
    }
    let level = scale ? Math.round((value - low) * scale) : flat;
    level = level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level;
    out[o] = table[level * 3];
    out[o + 1] = table[level * 3 + 1];
    out[o + 2] = table[level * 3 + 2];
    out[o + 3] = 255;
  }
}

/** @type {Map<string, {canvas: OffscreenCanvas, context: OffscreenCanvasRenderingContext2D, pixels: ImageData}>} */
const sheets = new Map();

/**
 * A canvas to draw from, one for each size: making one costs more than filling it.
 * @param {number} columns @param {number} rows
 */
function sheetOf(columns, rows) {
  const size = `${columns}×${rows}`;
  let sheet = sheets.get(size);
  if (!sheet) {
    if (sheets.size >= 16) sheets.clear();
    const canvas = new OffscreenCanvas(columns, rows);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    sheet = { canvas, context, pixels: context.createImageData(columns, rows) };
    sheets.set(size, sheet);
  }
  return sheet;
}

/**
 * An array as a picture, one canvas pixel a value; to be drawn before the next one is made.
 * @param {Numbers} data @param {number} start @param {number} rows @param {number} columns
 * @param {string} map @param {Limits} limits
 */
export function picture(data, start, rows, columns, map, limits) {
  const { canvas, context, pixels } = sheetOf(columns, rows);
  fillPixels(data, start, rows * columns, map, limits, pixels.data);
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/**
 * An image (channel, row, column) of bytes as a picture: three channels or four in colour, else
 * the first in grey. To be drawn before the next one is made.
 * @param {Numbers} data @param {number} start @param {number} channels @param {number} rows @param {number} columns
 */
export function photo(data, start, channels, rows, columns) {
  const { canvas, context, pixels } = sheetOf(columns, rows);
  const out = pixels.data;
  const area = rows * columns;
  const [green, blue] = channels >= 3 ? [area, 2 * area] : [0, 0];
  for (let i = start, o = 0; o < 4 * area; i++, o += 4) {
    out[o] = data[i];
    out[o + 1] = data[i + green];
    out[o + 2] = data[i + blue];
    out[o + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/**
 * Draws a picture scaled, with hard pixels where it grows.
 * @param {CanvasRenderingContext2D} context @param {CanvasImageSource & {width: number}} source
 * @param {number} x @param {number} y @param {number} width @param {number} height
 */
export function draw(context, source, x, y, width, height) {
  context.imageSmoothingEnabled = width < source.width;
  context.drawImage(source, x, y, width, height);
}

/**
 * Diagonal lines over the cells whose value is not finite.
 * @param {CanvasRenderingContext2D} context @param {Numbers} data @param {number} start
 * @param {number} rows @param {number} columns @param {number} x @param {number} y
 * @param {number} width @param {number} height
 */
export function hatch(context, data, start, rows, columns, x, y, width, height) {
  const [w, t] = [width / columns, height / rows];
  context.save();
  context.beginPath();
  for (let i = 0; i < rows * columns; i++) {
    if (Math.abs(data[start + i]) < Infinity) continue;
    context.rect(x + (i % columns) * w, y + Math.floor(i / columns) * t, w, t);
  }
  context.clip();
  context.fillStyle = "#888";
  context.fillRect(x, y, width, height);
  context.strokeStyle = "#fff";
  context.lineWidth = Math.max(1, w / 8);
  context.beginPath();
  const gap = Math.max(3, Math.min(w, t) / 2);
  for (let at = -height; at < width; at += gap) {
    context.moveTo(x + at, y + height);
    context.lineTo(x + at + height, y);
  }
  context.stroke();
  context.restore();
}

/**
 * Makes a canvas `width` × `height` CSS pixels large and sharp, and clears it.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 * @returns {{context: CanvasRenderingContext2D, ratio: number}} drawing is in device pixels
 */
export function prepare(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, t] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== t) {
    [canvas.width, canvas.height] = [w, t];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.clearRect(0, 0, w, t);
  return { context, ratio };
}

/**
 * Paints an image (channel, row, column) of bytes within `side` CSS pixels; where it grows, each of
 * its pixels is the same whole number of the screen's.
 * @param {HTMLCanvasElement} canvas @param {import("./kit.js").NumberArray} image @param {number} side
 */
export function paintPhoto(canvas, { shape: [channels, rows, columns], data }, side) {
  const ratio = window.devicePixelRatio || 1;
  const scale = (side * ratio) / Math.max(rows, columns);
  const cell = (scale >= 1 ? Math.floor(scale) : scale) / ratio;
  const { context } = prepare(canvas, cell * columns, cell * rows);
  draw(context, photo(data, 0, channels, rows, columns), 0, 0, canvas.width, canvas.height);
}

/**
 * A value for a small cell: as many decimals as the scale of its picture makes sense of.
 * @param {number} value @param {Limits} limits
 */
export function brief(value, { high }) {
  if (!Number.isFinite(value) || !(high > 0) || high >= 1e4 || high < 1e-4) return number(value, 2);
  const decimals = Math.max(high < 100 ? 1 : 0, 1 - Math.floor(Math.log10(high)));
  return value === 0 ? "0" : value.toFixed(decimals).replace("-", "−");
}

/** @type {OffscreenCanvas | undefined} */
let slate;

/**
 * Writes each value into its cell, where cells are large enough to read it; on a canvas apart, since
 * a font set on one in sight makes the browser lay out the page there and then.
 * @param {CanvasRenderingContext2D} context @param {Numbers} data @param {number} start
 * @param {number} rows @param {number} columns @param {string} map @param {Limits} limits
 * @param {number} x @param {number} y @param {number} width @param {number} height @param {number} ratio
 */
export function writeNumbers(context, data, start, rows, columns, map, limits, x, y, width, height, ratio) {
  const [w, t] = [width / columns, height / rows];
  if (w < 30 * ratio || t < 16 * ratio) return;
  const table = colours(map);
  slate ??= new OffscreenCanvas(1, 1);
  [slate.width, slate.height] = [Math.ceil(width), Math.ceil(height)]; // which clears it
  const ink = /** @type {OffscreenCanvasRenderingContext2D} */ (slate.getContext("2d"));
  const texts = Array.from(data.subarray(start, start + rows * columns), (value) => brief(value, limits));
  const font = (/** @type {number} */ size) => (ink.font = `${size * ratio}px system-ui, sans-serif`);
  font(12);
  const widest = Math.max(...texts.map((text) => ink.measureText(text).width));
  const size = Math.min(12, (12 * (w - 6 * ratio)) / widest); // which keeps neighbours apart
  if (size < 8) return;
  font(size);
  ink.textAlign = "center";
  ink.textBaseline = "middle";
  for (let i = 0; i < rows * columns; i++) {
    const value = data[start + i];
    if (!Number.isFinite(value)) continue; // hatched
    const level = levelOf(value, limits) * 3;
    ink.fillStyle = inkOn(table[level], table[level + 1], table[level + 2]);
    ink.fillText(texts[i], ((i % columns) + 0.5) * w, (Math.floor(i / columns) + 0.5) * t);
  }
  context.drawImage(slate, x, y);
}

/**
 * A frame around one cell of a picture, dark within light, seen on any colour.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
 * @param {number} width @param {number} height @param {number} ratio
 */
export function frame(context, x, y, width, height, ratio) {
  context.lineWidth = 3.5 * ratio;
  context.strokeStyle = "#fff";
  context.strokeRect(x, y, width, height);
  context.lineWidth = 1.75 * ratio;
  context.strokeStyle = "#000";
  context.strokeRect(x, y, width, height);
}
