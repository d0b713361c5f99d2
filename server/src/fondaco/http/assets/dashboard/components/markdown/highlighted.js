/** Code in the colours of its language, within an element for code. */
import { html, useLayoutEffect, useRef } from "../../lib/ui.js";
import { highlight } from "../../lib/markdown.js";

/** @param {{code: string, language: string}} props */
export function Highlighted({ code, language }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  // Before the first paint: an effect after it would show an empty box for a moment.
  useLayoutEffect(() => {
    if (!element.current) return;
    element.current.textContent = code;
    void highlight(element.current, language);
  }, [code, language]);
  return html`<span ref=${element}></span>`;
}
