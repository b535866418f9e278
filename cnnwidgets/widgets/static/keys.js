// @ts-check
// Keys in JupyterLab, which has a notebook around a card and shortcuts of its own.

/**
 * Keeps JupyterLab from taking the keys of a focused control for its notebook, and gives them back
 * when a pointer goes elsewhere: Lab leaves the focus where it is as long as that is in the cell
 * that is clicked, and would wait for keys that stay here.
 * @param {HTMLElement} root
 */
export function keepKeys(root) {
  const leave = (/** @type {PointerEvent} */ event) => {
    const focused = document.activeElement;
    if (root.contains(/** @type {Node} */ (event.target))) return;
    document.removeEventListener("pointerdown", leave, true);
    if (focused instanceof HTMLElement && root.contains(focused)) focused.blur();
  };
  root.addEventListener("focusin", (event) => {
    // Lab looks for the mark on the focused element before it looks further up.
    /** @type {HTMLElement} */ (event.target).setAttribute("data-lm-suppress-shortcuts", "true");
    document.addEventListener("pointerdown", leave, true);
  });
}
