/** Where an answer's facts come from: pages that were read, and what could not be. */
import { html } from "../../../lib/ui.js";

const WEB = /^https?:\/\//i;

/**
 * @param {{citations: import("../../../lib/playground/reply.js").Citation[],
 *     notes: import("../../../lib/playground/reply.js").WebNote[]}} props
 */
export function Sources({ citations, notes }) {
  if (citations.length === 0 && notes.length === 0) return null;
  return html`<section class="pg-sources" aria-label="Sources">
    ${citations.length > 0 && html`<h3>Sources</h3>
      <ol>
        ${citations.map((one, place) => html`<li key=${place}>
          ${WEB.test(one.url)
            ? html`<a href=${one.url} target="_blank" rel="noopener noreferrer nofollow" title=${one.url}>${one.title}</a>`
            : html`<span title=${one.url}>${one.title}</span>`}
          ${one.date && html` <span class="muted small">${one.date}</span>`}
          ${one.content && html`<p class="muted small pg-excerpt">${one.content.slice(0, 300)}</p>`}
        </li>`)}
      </ol>`}
    ${notes.map((note, place) => html`<p key=${place} class="small muted">${note.message} ${note.url} <code>${note.code}</code></p>`)}
  </section>`;
}
