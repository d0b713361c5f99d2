/** A form in a dialog: sent once, closed when it was accepted, with the error in view when it was not. */
import { html, useRef, useState } from "../lib/ui.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { ErrorNotice } from "./states.js";

/**
 * @param {{title: string, action: string, onSubmit: () => Promise<void>, onClose: () => void, children?: any}} props
 *     `action` names the button; the dialog stays open with the error if `onSubmit` rejects
 */
export function FormDialog({ title, action, onSubmit, onClose, children }) {
  const isSending = useRef(false); // at once, unlike state: a double click comes before the next render
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isSending.current) return;
    isSending.current = true;
    setBusy(true);
    setError(null);
    try {
      await onSubmit();
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
      isSending.current = false;
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="form" onSubmit=${submit}>
      ${children}
      ${error !== null && html`<${ErrorNotice} error=${error} />`}
      <div class="dialog-foot">
        <${Button} onClick=${onClose}>Cancel<//>
        <${Button} type="submit" kind="primary" busy=${busy}>${action}<//>
      </div>
    </form>
  <//>`;
}
