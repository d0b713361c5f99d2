/** A panel over the page, where there is no room beside it. */
import { html } from "../../lib/ui.js";
import { Button } from "../button.js";
import { cancelling, useModal } from "../use-modal.js";

/**
 * @param {{label: string, onClose: () => void, children?: any}} props
 */
export function Sheet({ label, onClose, children }) {
  return html`<dialog ref=${useModal()} class="pg-sheet" aria-label=${label} onCancel=${cancelling(onClose)}>
    <div class="pg-sheet-close"><${Button} kind="quiet" small icon="close" label="Close" onClick=${onClose} /></div>
    <div class="pg-sheet-body">${children}</div>
  </dialog>`;
}
