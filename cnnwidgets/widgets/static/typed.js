// @ts-check
// Numbers as people type them.

/** The number that a text stands for, or null; a comma counts as a point. @param {string} text */
export function parsed(text) {
  const plain = text.trim().replaceAll("−", "-").replace(",", ".");
  const value = plain === "" ? NaN : Number(plain);
  return Number.isFinite(value) && Math.abs(value) <= 3.4028234e38 ? value : null;
}

/** What is said of a text that stands for none. @param {string} text @param {string} such a number that would do */
export const noNumber = (text, such) => `“${text}” is no number, and nothing was changed: type one such as ${such}`;
