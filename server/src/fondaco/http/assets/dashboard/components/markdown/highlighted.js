/** Code in the colours of its language, within an element for code. */
import { html, useEffect, useRef } from "../../lib/ui.js";
import { highlight } from "../../lib/markdown.js";

/** @param {{code: string, language: string}} props */
export function Highlighted({ code, language }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!element.current) return;
    element.current.textContent = code;
    void highlight(element.current, language);
  }, [code, language]);
  return html`<span ref=${element}></span>`;
}
