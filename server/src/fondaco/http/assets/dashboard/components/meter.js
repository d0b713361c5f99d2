/** How much of a limit is used. */
import { classes, html } from "../lib/ui.js";
import { number } from "../lib/format.js";

/**
 * @param {{label: string, used: number, amount: number, unit?: string, note?: any, format?: (value: number) => string,
 *     hideLabel?: boolean}} props `hideLabel` keeps the label for screen readers alone
 */
export function Meter({ label, used, amount, unit = "", note, format = number, hideLabel = false }) {
  const share = amount > 0 ? Math.min(1, used / amount) : 1;
  const said = `${format(used)} of ${format(amount)}${unit && ` ${unit}`}`;
  return html`<div class="meter">
    <div class="meter-text">${!hideLabel && html`<span>${label}</span>`}<span class="nowrap">${said}</span></div>
    <div class="meter-track" role="meter" aria-label=${label} aria-valuemin="0" aria-valuemax=${amount} aria-valuenow=${Math.min(used, amount)} aria-valuetext=${said}>
      <div class=${classes("meter-fill", share >= 1 ? "is-full" : share >= 0.8 && "is-high")} style=${{ width: `${share * 100}%` }}></div>
    </div>
    ${note && html`<div class="faint small">${note}</div>`}
  </div>`;
}
