/** The time, model, key and SKU that usage is shown of. */
import { html } from "../../lib/ui.js";
import { utcDay } from "../../lib/usage.js";
import { Input, Segments, Select } from "../field.js";
import { Button } from "../button.js";

/** @typedef {import("../../pages/usage.js").Selection} Selection */

const PERIODS = [7, 30, 90].map((days) => ({ value: String(days), label: `${days} days` }));

/**
 * The last days, at one press.
 *
 * @param {{selection: Selection, onChange: (changed: Partial<Selection>) => void}} props
 */
export function Periods({ selection: { from, to }, onChange }) {
  const period = to === utcDay() ? (PERIODS.find(({ value }) => from === utcDay(Number(value) - 1))?.value ?? "") : "";
  const last = (/** @type {string} */ days) => onChange({ from: utcDay(Number(days) - 1), to: utcDay() });
  return html`<${Segments} label="Period" value=${period} options=${PERIODS} onChange=${last} />`;
}

/**
 * @param {{selection: Selection, choices: import("../../lib/usage.js").UsageRow[],
 *     onChange: (changed: Partial<Selection>) => void}} props `choices`: sums by model, key and SKU of the time, from which
 *     one can be chosen
 */
export function Filters({ selection, choices, onChange }) {
  const { from, to, model, key, sku } = selection;
  const models = options("All models", choices.map((row) => [row.model ?? "", row.model ?? ""]), model);
  const keys = options("All keys", choices.map((row) => [row.keyId ?? "", row.keyDescription ?? ""]), key);
  const skus = options("All SKUs", choices.map((row) => [row.sku ?? "", row.sku ?? ""]), sku);
  return html`<form class="filters" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()} aria-label="Filters">
    <${Input} label="From" type="date" value=${from} max=${to} onInput=${(/** @type {string} */ day) => day && onChange({ from: day })} />
    <${Input} label="To" type="date" value=${to} min=${from} max=${utcDay()} onInput=${(/** @type {string} */ day) => day && onChange({ to: day })} />
    <${Select} label="Model" value=${model} options=${models} onChange=${(/** @type {string} */ chosen) => onChange({ model: chosen })} />
    <${Select} label="Key" value=${key} options=${keys} onChange=${(/** @type {string} */ chosen) => onChange({ key: chosen })} />
    <${Select} label="SKU" value=${sku} options=${skus} onChange=${(/** @type {string} */ chosen) => onChange({ sku: chosen })} />
    ${(model || key || sku) && html`<${Button} kind="quiet" icon="close" onClick=${() => onChange({ model: "", key: "", sku: "" })}>Clear filters<//>`}
  </form>`;
}

/**
 * Return the options of a filter: all, then each by name; the chosen one even if it has no usage in this time.
 *
 * @param {string} all
 * @param {[value: string, label: string][]} pairs
 * @param {string} chosen
 */
function options(all, pairs, chosen) {
  const labels = new Map(pairs.filter(([value]) => value));
  if (chosen && !labels.has(chosen)) labels.set(chosen, chosen);
  const sorted = [...labels].sort(([, one], [, other]) => one.localeCompare(other));
  return [{ value: "", label: all }, ...sorted.map(([value, label]) => ({ value, label }))];
}
