/** Markdown that a model wrote, or is writing. */
import { html, useEffect, useRef } from "../../lib/ui.js";
import { MarkdownView } from "./markdown-view.js";

/** @param {{text: string, isComplete: boolean}} props */
export function Markdown({ text, isComplete }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const view = useRef(/** @type {MarkdownView | null} */ (null));
  useEffect(() => {
    const one = new MarkdownView(/** @type {HTMLElement} */ (element.current));
    view.current = one;
    return () => one.close();
  }, []);
  useEffect(() => view.current?.show(text, isComplete), [text, isComplete]);
  return html`<div class="md" ref=${element}></div>`;
}
