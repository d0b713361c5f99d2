/** Code or another text to copy, with its name above. */
import { html } from "../lib/ui.js";
import { CopyButton } from "./copy-button.js";

/**
 * @param {{code: string, title?: string, children?: any}} props `children`: the code with marks, where it is highlighted
 */
export function CodeBlock({ code, title, children }) {
  return html`<div class="code">
    <div class="code-head"><span class="code-title">${title}</span><${CopyButton} text=${code} /></div>
    <pre tabindex="0" aria-label=${title ?? "Code"}><code>${children ?? code}</code></pre>
  </div>`;
}
