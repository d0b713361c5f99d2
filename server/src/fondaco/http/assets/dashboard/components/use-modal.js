/** A modal dialog's hold on the focus: it opens with its component, and the focus returns to where it was. */
import { useLayoutEffect, useRef } from "../lib/ui.js";

/** @returns {{current: HTMLDialogElement | null}} A reference to give to the `<dialog>`. */
export function useModal() {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => {  // at once: a key pressed now is the dialog's
    const before = document.activeElement;
    const dialog = element.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return element;
}

/**
 * Return the handler of a dialog's `cancel` event, which Escape causes: the component that shows the dialog ends it.
 *
 * @param {() => void} onClose
 */
export const cancelling = (onClose) => (/** @type {Event} */ event) => {
  if (event.target !== event.currentTarget) return; // a file chooser within that was cancelled
  event.preventDefault();
  onClose();
};
