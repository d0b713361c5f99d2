/** A panel over the page, where there is no room beside it. */
import { html, useEffect, useRef } from "../../lib/ui.js";
import { Button } from "../button.js";

/**
 * @param {{label: string, onClose: () => void, children?: any}} props
 */
export function Sheet({ label, onClose, children }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    const dialog = element.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const cancel = (/** @type {Event} */ event) => {
    if (event.target !== event.currentTarget) return;
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${element} class="pg-sheet" aria-label=${label} onCancel=${cancel}>
    <div class="pg-sheet-close"><${Button} kind="quiet" small icon="close" label="Close" onClick=${onClose} /></div>
    <div class="pg-sheet-body">${children}</div>
  </dialog>`;
}
