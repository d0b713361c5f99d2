/** A modal dialog: it holds the focus, Escape closes it, and the focus returns to where it was. */
import { classes, html, useId, useState } from "../lib/ui.js";
import { Button } from "./button.js";
import { ErrorNotice } from "./states.js";
import { cancelling, useModal } from "./use-modal.js";

/**
 * @param {{title: string, onClose: () => void, wide?: boolean, children?: any}} props the dialog is open as long as it is
 *     rendered
 */
export function Dialog({ title, onClose, wide, children }) {
  const id = useId();
  const element = useModal();
  return html`<dialog ref=${element} class=${classes("dialog", wide && "dialog-wide")} aria-labelledby=${id} onCancel=${cancelling(onClose)}>
    <div class="dialog-head">
      <h2 id=${id}>${title}</h2>
      <${Button} kind="quiet" small icon="close" label="Close" onClick=${onClose} />
    </div>
    <div class="dialog-body">${children}</div>
  </dialog>`;
}

/**
 * A question before something that cannot be undone.
 *
 * @param {{title: string, action: string, onConfirm: () => Promise<void>, onClose: () => void, children?: any}} props
 *     `action` names the button; the dialog stays open with the error if `onConfirm` rejects
 */
export function Confirm({ title, action, onConfirm, onClose, children }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <div class="stack">
      ${children}
      ${error !== null && html`<${ErrorNotice} error=${error} />`}
    </div>
    <div class="dialog-foot">
      <${Button} onClick=${onClose} data-focus="">Cancel<//>
      <${Button} kind="danger" busy=${busy} onClick=${confirm}>${action}<//>
    </div>
  <//>`;
}
