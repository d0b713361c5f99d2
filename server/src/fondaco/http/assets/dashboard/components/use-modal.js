/** A modal dialog's hold on the focus: it opens with its component, and the focus returns to where it was. */
import { useLayoutEffect, useRef } from "../lib/ui.js";

/** @returns {{current: HTMLDialogElement | null}} A reference to give to the `<dialog>`. */
export function useModal() {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => {  // at once: a key pressed now is the dialog's
    const before = document.activeElement;
    const dialog = element.current;
    holdPage();
    dialog?.showModal();
    focusFirst(dialog);
    return () => {
      dialog?.close();
      releasePage();
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

/**
 * Focus the field that is to be filled in first, if there is one.
 *
 * The attribute is not `autofocus`: browsers act on that one themselves, and complain where something has the focus.
 *
 * @param {Element | null} element
 */
export function focusFirst(element) {
  const first = element?.querySelector("[data-focus]");
  if (first instanceof HTMLElement) first.focus();
}

/** Dialogs that are open. */
let open = 0;

/** Keep the page behind from scrolling, and where it is: its scrollbar's room stays free, and the veil covers that, too. */
function holdPage() {
  const { documentElement: root } = document;
  if (open === 0) root.style.setProperty("--scrollbar", `${innerWidth - root.clientWidth}px`);
  open += 1;
  root.classList.add("is-held");
}

function releasePage() {
  open -= 1;
  if (open === 0) document.documentElement.classList.remove("is-held");
}
