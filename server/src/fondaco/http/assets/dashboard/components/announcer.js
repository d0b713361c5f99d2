/** Announcements: a toast in the corner, and the same words for screen readers. */
import { createStore, useStore } from "../lib/store.js";
import { html, useEffect } from "../lib/ui.js";
import { Icon } from "./icon.js";

/** @typedef {{id: number, text: string, kind: "done" | "error"}} Toast */

const SHOWN_MS = 6000;
let last = 0;
/** @type {import("../lib/store.js").Store<Toast[]>} */
const toasts = createStore(/** @type {Toast[]} */ ([]));
const spoken = createStore("");

/**
 * Say something to screen readers alone.
 *
 * @param {string} text
 */
export function announce(text) {
  spoken.set("");
  requestAnimationFrame(() => spoken.set(text));
}

/**
 * Show a short message for some seconds, and announce it: "Key revoked."
 *
 * @param {string} text
 * @param {Toast["kind"]} [kind]
 */
export function toast(text, kind = "done") {
  last += 1;
  const one = { id: last, text, kind };
  toasts.set([...toasts.get().slice(-3), one]);
}

/** @param {number} id */
const dismiss = (id) => toasts.set(toasts.get().filter((one) => one.id !== id));

/** The place where announcements appear; there is one, in the frame. */
export function Announcer() {
  return html`<div class="visually-hidden" role="status" aria-live="polite">${useStore(spoken)}</div>
    <div class="toasts" role="status" aria-live="polite">
      ${useStore(toasts).map((one) => html`<${ToastView} key=${one.id} toast=${one} />`)}
    </div>`;
}

/** @param {{toast: Toast}} props */
function ToastView({ toast: one }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(one.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [one.id]);
  return html`<div class="toast">
    <${Icon} name=${one.kind === "error" ? "warning" : "check"} />
    <span>${one.text}</span>
    <button type="button" aria-label="Dismiss" onClick=${() => dismiss(one.id)}><${Icon} name="close" /></button>
  </div>`;
}
