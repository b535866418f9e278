// @ts-check
// The page around a notebook: it says how far loading is, follows the system's light or dark, holds
// the line to the server open, and says in words when the kernel has ended. It runs before Voilà.

(() => {
  const QUIET_MS = 4000;
  const RETRY_MS = 1000;
  let leaving = false;
  let lineHeld = false;

  /** @type {Record<string, [string, string]>} */
  const SENTENCES = {
    died: [
      "Python has stopped",
      "The Python behind this page ended unexpectedly, perhaps because memory ran out. " +
        "What is shown can no longer change; reloading starts afresh.",
    ],
    ended: [
      "This page has ended",
      "The Python behind it was closed, because the page was away for a while. " +
        "What is shown can no longer change; reloading starts afresh.",
    ],
    gone: [
      "The server does not answer",
      "cnnwidgets was stopped, or the connection to it is lost. " +
        "This page goes on by itself as soon as it answers again.",
    ],
    stuck: [
      "Python does not start",
      "It has been trying for two minutes. The terminal where cnnwidgets was started may say why.",
    ],
  };

  /** @param {string} id */
  const byId = (id) => document.getElementById(id);

  /**
   * Say how far loading is.
   * @param {string} text
   * @param {number} percent
   */
  function progress(text, percent) {
    const label = byId("cw-loading-text");
    const bar = byId("cw-loading-bar");
    if (label && label.textContent !== text) label.textContent = text;
    if (bar instanceof HTMLProgressElement) bar.value = Math.max(bar.value, percent);
  }

  const coverNow = () => /** @type {HTMLDialogElement | null} */ (byId("cw-cover"));

  /**
   * Cover the page with what happened and a way on. The first reason stays, unless it can pass.
   * @param {string} reason
   */
  function cover(reason) {
    if (leaving || (coverNow() && coverNow()?.dataset.reason !== "gone")) return;
    coverNow()?.remove();
    const [title, text] = SENTENCES[reason];
    const dialog = document.createElement("dialog");
    dialog.id = "cw-cover";
    dialog.className = "cw-card";
    dialog.dataset.reason = reason;
    dialog.setAttribute("role", "alertdialog");
    dialog.setAttribute("aria-labelledby", "cw-cover-title");
    dialog.setAttribute("aria-describedby", "cw-cover-text");
    const heading = document.createElement("h2");
    heading.id = "cw-cover-title";
    heading.textContent = title;
    const words = document.createElement("p");
    words.id = "cw-cover-text";
    words.textContent = text;
    const reload = document.createElement("button");
    reload.className = "cw-button";
    reload.type = "button";
    reload.textContent = "Reload";
    reload.addEventListener("click", () => location.reload());
    dialog.append(heading, words, reload);
    const show = () => {
      dialog.showModal();
      reload.focus();
    };
    // Escape closes a dialog, at the second press even where the first is refused.
    dialog.addEventListener("close", show);
    document.body.append(dialog);
    show();
    byId("cw-loading")?.remove();
  }

  /**
   * Hold the line to the server open; come back when it merely broke.
   * @param {string} kernelId
   * @param {string} baseUrl
   */
  function holdLine(kernelId, baseUrl) {
    const address = new URL(`${baseUrl}api/kernels/${kernelId}/line`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    let quietSince = performance.now();
    let isOver = false;

    const dial = () => {
      let isOpen = false;
      const line = new WebSocket(address);
      line.addEventListener("open", () => {
        isOpen = true;
        if (coverNow()?.dataset.reason === "gone") coverNow()?.remove();
      });
      line.addEventListener("message", (event) => {
        isOver = true;
        cover(JSON.parse(event.data).kernel);
      });
      line.addEventListener("close", () => {
        if (isOver || leaving) return;
        if (isOpen) quietSince = performance.now();
        if (performance.now() - quietSince > QUIET_MS) cover("gone");
        setTimeout(dial, RETRY_MS);
      });
    };
    dial();
  }

  /** Follow the system's choice of light or dark, for widgets that read it from the body. */
  function followTheme() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const apply = () => {
      document.body.dataset.jpThemeLight = String(!dark.matches);
      document.body.dataset.jpThemeName = dark.matches ? "JupyterLab Dark" : "JupyterLab Light";
      document.body.classList.toggle("theme-dark", dark.matches);
      document.body.classList.toggle("theme-light", !dark.matches);
    };
    apply();
    dark.addEventListener("change", apply);
  }

  /** Take the loading state away when the first output is on the page, or none is awaited. */
  function awaitOutput() {
    const cells = byId("rendered_cells");
    const isWaiting = () =>
      cells?.querySelector('script[type="application/vnd.voila.cell-output+json"]') ||
      [...document.querySelectorAll(".jp-OutputArea-output.lm-Widget")].some(
        (output) => !output.firstElementChild,
      );
    const look = () => {
      if (isWaiting()) return;
      watch.disconnect();
      progress("Ready", 100);
      byId("cw-loading")?.remove();
      document.body.classList.add("cw-ready");
    };
    const watch = new MutationObserver(look);
    watch.observe(document.body, { childList: true, subtree: true });
    look();
  }

  addEventListener("pagehide", () => (leaving = true));
  addEventListener("pageshow", (event) => {
    // A page brought back from the browser's memory has lost its kernel.
    if (event.persisted) location.reload();
  });
  const stuck = setTimeout(() => cover("stuck"), 120_000);

  /** @type {any} */ const voila = window;
  voila.cw_cover = cover;
  voila.voila_heartbeat = () => {};
  /**
   * @param {number} cell
   * @param {number} cells
   */
  voila.voila_process = (cell, cells) => {
    const config = byId("jupyter-config-data");
    if (!lineHeld && config) {
      const { kernelId, baseUrl } = JSON.parse(config.textContent ?? "{}");
      lineHeld = true;
      clearTimeout(stuck);
      holdLine(kernelId, baseUrl);
    }
    progress(`Running the notebook, cell ${cell} of ${cells}…`, 10 + (60 * cell) / cells);
  };
  voila.voila_finish = () => {
    progress("Drawing…", 75);
    awaitOutput();
  };
  followTheme();
})();
