/** A form in a dialog: sent once, closed when it was accepted, with the error in view when it was not. */
import { html, useRef, useState } from "../lib/ui.js";
import { isShown } from "../lib/faults.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { ErrorNotice } from "./states.js";

/**
 * @param {{title: string, action: string, onSubmit: () => Promise<(() => void) | void>, onClose: () => void,
 *     faults?: string[], children?: any}} props `action` names the button; the dialog stays open with the error if
 *     `onSubmit` rejects, and what it returns is called once the dialog is closed; `faults`: the fields of the request
 *     that show their own faults, for which `children` is a function of the error
 */
export function FormDialog({ title, action, onSubmit, onClose, faults = [], children }) {
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
      const next = await onSubmit();
      onClose();
      next?.();
    } catch (failure) {
      setError(failure);
      setBusy(false);
      isSending.current = false;
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="form" onSubmit=${submit}>
      ${typeof children === "function" ? children(error) : children}
      ${error !== null && !isShown(error, faults) && html`<${ErrorNotice} error=${error} />`}
      <div class="dialog-foot">
        <${Button} onClick=${onClose}>Cancel<//>
        <${Button} type="submit" kind="primary" busy=${busy}>${action}<//>
      </div>
    </form>
  <//>`;
}
