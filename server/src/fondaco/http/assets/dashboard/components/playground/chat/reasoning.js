/** What a model thought before it answered, folded. */
import { html, useState } from "../../../lib/ui.js";
import { number } from "../../../lib/format.js";

/**
 * @param {{text: string, isThinking: boolean, tokens?: number}} props
 */
export function Reasoning({ text, isThinking, tokens }) {
  const [isOpen, setOpen] = useState(false);
  if (!text) return null;
  const name = isThinking ? "Reasoning …" : tokens ? `Reasoning, ${number(tokens)} tokens` : "Reasoning";
  // Folded text is not laid out, however long it grows.
  return html`<details class="pg-reasoning" open=${isOpen} onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}>
    <summary>${name}</summary>
    ${isOpen && html`<div class="pg-verbatim-text" tabindex="0" role="region" aria-label="Reasoning">${text}</div>`}
  </details>`;
}
