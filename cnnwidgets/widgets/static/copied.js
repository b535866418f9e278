// @ts-check
// Text on the clipboard.

/**
 * Puts text on the clipboard where the browser lets a page do so.
 * @param {string} text @returns {Promise<boolean>} whether it is there
 */
export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not allowed, or no clipboard at all: a page that is not on https has none
  }
}
