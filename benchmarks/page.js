// What every measured page has before anything else runs: the bytes of its websockets, and waiting.

window.wire = { bytes: 0, last: 0 };
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => count(data));
  }
  send(data) {
    count(data);
    super.send(data);
  }
};
/** Adds the payload of a frame, before any compression. */
function count(data) {
  wire.bytes += data.byteLength ?? data.size ?? new TextEncoder().encode(data).length;
  wire.last = performance.now();
}

window.frame = () => new Promise((done) => requestAnimationFrame(done));
/** Waits until the kernel and the page have nothing more to say to each other. */
window.quiet = async (ms = 120) => {
  const from = performance.now();
  do await frame();
  while (performance.now() - Math.max(from, wire.last) < ms);
};

/** The next mutation of a node for which `when` holds, as a promise. */
window.changed = (node, options, when = () => true) =>
  new Promise((done) => {
    const observer = new MutationObserver(() => {
      if (!when()) return;
      observer.disconnect();
      done();
    });
    observer.observe(node, options);
  });
window.TEXT = { childList: true, characterData: true, subtree: true };
/** The end of a grid's next paint, in the frame that shows it. */
window.painted = (grid) => changed(grid, { attributes: true, attributeFilter: ["data-layout"] });
/** The frame in which an image shows something other than `before`. */
window.pictured = async (root, before) => {
  const image = () => (root.matches("img") ? root : root.querySelector("img"));
  const isNew = () => image()?.src && image().src !== before;
  const options = { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] };
  if (!isNew()) await changed(root, options, isNew);
  await image().decode();
  await frame();
};
window.set = (model, values) => {
  model.set(values);
  model.save_changes();
};
/** Milliseconds from an act to what it makes, and the bytes that both ways took. */
window.timed = async (act, seen) => {
  await quiet();
  const bytes = wire.bytes;
  const start = performance.now();
  const shown = seen();
  act();
  await shown;
  const ms = performance.now() - start;
  await quiet();
  return { ms, bytes: wire.bytes - bytes };
};
