// @ts-check
// The line to the kernel: what must be mended in the page after it broke and came back.

/** @typedef {{_pending_msgs?: number, _handle_status?: (message: any) => void}} Counting */

/**
 * The manager behind a model, where the host has one that reconnects to a kernel.
 * @param {any} model
 */
function managerOf(model) {
  const manager = model.widget_manager;
  return manager?.restored?.connect && manager.kernel?.connectionStatusChanged?.connect ? manager : undefined;
}

/**
 * Whether a model still waits for an answer of the kernel.
 * @param {Counting} model
 */
const waits = (model) => typeof model._handle_status === "function" && (model._pending_msgs ?? 0) > 0;

/**
 * Counts answers back that were lost on the way. ipywidgets keeps what a model writes until the
 * answer to its last message came; an answer that is lost with its connection never comes, and
 * without this the model would never write again. What was asked for before the connection came
 * back is answered, or lost, once the manager has its state from the kernel.
 * @param {Iterable<Counting>} models those that waited when the connection came back
 */
export function release(models) {
  for (const model of models) {
    if (!waits(model)) continue;
    model._pending_msgs = 1;
    model._handle_status?.({ content: { execution_state: "idle" } });
  }
}

// Every widget's script has a copy of this module: what it notes is noted on the manager.
const MENDED = Symbol.for("cnnwidgets.mended");
const RESTORING = Symbol.for("cnnwidgets.restoring");

/** Keeps all models of a page writing after a broken connection. @param {any} model any of them */
export function mendLine(model) {
  const manager = managerOf(model);
  if (!manager || manager[MENDED]) return;
  manager[MENDED] = true;
  /** @type {Counting[]} */
  let waiting = [];
  const back = (/** @type {any} */ _, /** @type {string} */ status) => {
    if (status !== "connected") return;
    manager[RESTORING] = true;
    waiting = [...(manager._modelsSync?.values() ?? [])].filter(waits);
  };
  manager.kernel.connectionStatusChanged.connect(back);
  manager.restored.connect(() => {
    manager[RESTORING] = false;
    release(waiting.splice(0));
  });
}

/** What is said then: in Lab a kernel that is started again knows nothing of the cards there are. */
export const ENDED =
  "Python was started again or has stopped, and this no longer answers. Run the cells of the notebook again.";

/**
 * Calls `act` when a model's line to its kernel ends, and when there is one again. Returns whether it
 * has ended: a page that was made without a kernel had none to lose.
 * @param {import("./kit.js").Model} model @param {() => void} act @param {AbortSignal} signal
 */
export function watchEnd(model, act, signal) {
  const hasNone = () => model.get("layout")?.comm_live === false; // a model too, and one that tells
  const hadOne = !hasNone();
  model.on("comm_live_update", act);
  signal.addEventListener("abort", () => model.off("comm_live_update", act));
  return () => hadOne && hasNone();
}

/** Whether the page is being given the kernel's state again. @param {any} model */
export const isRestoring = (model) => Boolean(managerOf(model)?.[RESTORING]);

/**
 * Calls `act` when the connection came back and the page has the kernel's state: answers that were
 * under way may be lost.
 * @param {any} model @param {() => void} act @param {AbortSignal} signal
 */
export function whenRestored(model, act, signal) {
  const manager = managerOf(model);
  if (!manager) return;
  const heard = () => act();
  manager.restored.connect(heard);
  signal.addEventListener("abort", () => manager.restored.disconnect(heard));
}
