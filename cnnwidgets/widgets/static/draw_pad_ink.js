// @ts-check
// Ink: a picture of bytes that strokes change, its smaller and larger copies, and its past.

/**
 * Bytes (channel, row, column); 0 is no ink, 255 is full.
 * @typedef {{channels: number, rows: number, columns: number, data: Uint8Array}} Ink
 * A place of the brush, in pixels of the ink; the middle of the first pixel is 0.5, 0.5.
 * @typedef {{x: number, y: number, radius: number}} Dab
 */

/** @param {number} channels @param {number} rows @param {number} columns @returns {Ink} */
export const blankInk = (channels, rows, columns) => ({
  channels,
  rows,
  columns,
  data: new Uint8Array(channels * rows * columns),
});

/** Whether nothing is drawn. @param {Ink} ink */
export const isBlank = (ink) => ink.data.every((value) => value === 0);

/**
 * Draws a round stroke with a soft edge from one place to the next.
 * @param {Ink} ink @param {Dab} from @param {Dab} to @param {number[]} colour a byte for each channel
 * @param {Uint8Array} base the ink before the whole stroke: where its parts overlap, their soft
 * edges must not add up, or a straight line looks like a string of beads
 */
export function mark(ink, from, to, colour, base) {
  const { channels, rows, columns, data } = ink;
  const reach = Math.max(from.radius, to.radius) + 1;
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach));
  const bottom = Math.min(rows, Math.ceil(Math.max(from.y, to.y) + reach));
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - reach));
  const right = Math.min(columns, Math.ceil(Math.max(from.x, to.x) + reach));
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const [px, py] = [column + 0.5 - from.x, row + 0.5 - from.y];
      const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
      const radius = from.radius + (to.radius - from.radius) * along;
      const cover = Math.min(1, radius + 0.5 - Math.hypot(px - along * dx, py - along * dy));
      if (cover <= 0) continue;
      for (let channel = 0; channel < channels; channel++) {
        const at = (channel * rows + row) * columns + column;
        const value = Math.round(base[at] + (colour[channel] - base[at]) * cover);
        if (Math.abs(value - base[at]) > Math.abs(data[at] - base[at])) data[at] = value;
      }
    }
  }
}

/**
 * Fills the cell of the network's image that is `side` pixels of ink wide and high.
 * @param {Ink} ink @param {number} row @param {number} column @param {number} side @param {number[]} colour
 */
export function fillCell(ink, row, column, side, colour) {
  for (let channel = 0; channel < ink.channels; channel++) {
    for (let line = row * side; line < (row + 1) * side; line++) {
      const start = (channel * ink.rows + line) * ink.columns + column * side;
      ink.data.fill(colour[channel], start, start + side);
    }
  }
}

/**
 * How much ink a cell holds, 0 to 1.
 * @param {Ink} ink @param {number} row @param {number} column @param {number} side
 */
export function inkIn(ink, row, column, side) {
  let sum = 0;
  for (let channel = 0; channel < ink.channels; channel++) {
    for (let line = row * side; line < (row + 1) * side; line++) {
      const start = (channel * ink.rows + line) * ink.columns + column * side;
      for (let at = start; at < start + side; at++) sum += ink.data[at];
    }
  }
  return sum / (255 * ink.channels * side * side);
}

/**
 * The ink with `times` × `times` pixels averaged into one. @param {Ink} ink @param {number} times
 */
export function shrunk({ channels, rows, columns, data }, times) {
  if (times === 1) return data.slice();
  const small = new Uint8Array(data.length / (times * times));
  const [down, across] = [rows / times, columns / times];
  for (let line = 0, at = 0; line < channels * down; line++) {
    for (let column = 0; column < across; column++, at++) {
      let sum = 0;
      for (let i = 0; i < times; i++) {
        const start = (line * times + i) * columns + column * times;
        for (let j = 0; j < times; j++) sum += data[start + j];
      }
      small[at] = Math.round(sum / (times * times));
    }
  }
  return small;
}

/**
 * Fills the ink with a picture of any size, hard pixels: grey into colour, of more channels the first.
 * @param {Ink} ink @param {{shape: number[], data: ArrayLike<number>}} picture (channel, row, column)
 */
export function fillFrom(ink, { shape: [channels, rows, columns], data }) {
  for (let channel = 0, at = 0; channel < ink.channels; channel++) {
    const plane = (channels >= ink.channels ? channel : 0) * rows;
    for (let row = 0; row < ink.rows; row++) {
      const line = (plane + Math.floor((row * rows) / ink.rows)) * columns;
      for (let column = 0; column < ink.columns; column++, at++) {
        ink.data[at] = data[line + Math.floor((column * columns) / ink.columns)];
      }
    }
  }
}

const PAST_BYTES = 16e6;

/**
 * What was, and what was undone: at most `limit` copies back, and of large ink fewer.
 * @param {number} limit @param {number} size of a copy, in bytes
 */
export function past(limit, size) {
  const most = Math.min(limit, Math.max(4, Math.floor(PAST_BYTES / size)));
  /** @type {Uint8Array[]} */
  const before = [];
  /** @type {Uint8Array[]} */
  const after = [];
  const move = (/** @type {Uint8Array[]} */ from, /** @type {Uint8Array[]} */ to, /** @type {Uint8Array} */ data) => {
    const found = from.pop();
    if (!found) return false;
    to.push(data.slice());
    data.set(found);
    return true;
  };
  return {
    /** Remembers the ink as it is, before it changes; returns that copy. @param {Uint8Array} data */
    keep: (data) => {
      const kept = data.slice();
      before.push(kept);
      if (before.length > most) before.shift();
      after.length = 0;
      return kept;
    },
    undo: (/** @type {Uint8Array} */ data) => move(before, after, data),
    redo: (/** @type {Uint8Array} */ data) => move(after, before, data),
    undos: () => before.length,
    redos: () => after.length,
  };
}

/**
 * The brush's radius in pixels of the ink; a pen presses it from 0.4 to 1.6 of that.
 * @param {number} size diameter in cells @param {number} side of a cell
 * @param {{pointerType?: string, pressure?: number}} [event]
 */
export function radiusOf(size, side, event = {}) {
  const pressed = event.pointerType === "pen" && event.pressure ? 0.4 + 1.2 * event.pressure : 1;
  return (size * side * pressed) / 2;
}

/** The bytes of a colour as inputs write it. @param {string} hex such as "#ffcc00" */
export const bytesOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
