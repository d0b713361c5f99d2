/** How far a piece of work is. */
import { html } from "../lib/ui.js";
import { percent } from "../lib/format.js";

/**
 * @param {{label: string, share: number | null, note?: any}} props `share` of 1; null where it is unknown
 */
export function ProgressBar({ label, share, note }) {
  const known = share === null ? undefined : Math.round(share * 100);
  return html`<div class="meter">
    <div class="meter-text"><span>${label}</span><span class="nowrap">${share === null ? "" : percent(share)}</span></div>
    <div class="meter-track" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${known}>
      <div class="meter-fill" style=${{ width: `${known ?? 100}%` }}></div>
    </div>
    ${note && html`<div class="faint small">${note}</div>`}
  </div>`;
}
