// @ts-check
// Shows a widget of another library, such as a bqplot figure, inside a card.

/**
 * Puts a view of a widget into an element that is on the page, and takes it away with `signal`.
 * @param {any} model whose `widget_manager` makes the view; a page without a kernel has none
 * @param {string} ref the widget, as a WidgetTrait names it
 * @param {HTMLElement} slot @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether it is shown
 */
export async function mount(model, ref, slot, signal) {
  const manager = model.widget_manager;
  if (!manager?.create_view || !ref) return false;
  const view = await manager.create_view(await manager.get_model(ref.replace(/^.*:/, "")));
  await connected(slot, signal);
  const node = view.luminoWidget;
  if (signal.aborted || !node) return false;
  // Lumino's own way to put a widget into an element; the view learns its size by it.
  node.constructor.attach(node, slot);
  signal.addEventListener("abort", () => node.dispose());
  return true;
}

/**
 * Resolves when an element is on the page: a card is filled before it gets there.
 * @param {HTMLElement} node @param {AbortSignal} signal @returns {Promise<void>}
 */
function connected(node, signal) {
  return new Promise((resolve) => {
    const look = () => (node.isConnected || signal.aborted ? resolve() : void requestAnimationFrame(look));
    look();
  });
}
