/** The parameters of a model: each with its default, unit and help, and sent only where it is set. */
import { html, useState } from "../../lib/ui.js";
import { fault } from "../../lib/playground/parameters.js";
import { Button } from "../button.js";
import { Checkbox, Input, Select } from "../field.js";

/** @typedef {import("../../lib/playground/parameters.js").Parameter} Parameter */

/**
 * @param {{sections: import("../../lib/playground/parameters.js").Section[], values: Record<string, unknown>,
 *     onChange: (values: Record<string, unknown>) => void, children?: any}} props `children` stand above the sections
 */
export function ParameterPanel({ sections, values, onChange, children }) {
  const known = sections.flatMap(({ parameters }) => parameters);
  const count = known.filter(({ name }) => values[name] !== undefined).length;
  const set = (/** @type {string} */ name, /** @type {unknown} */ value) => {
    const next = { ...values, [name]: value };
    if (value === undefined) delete next[name];
    onChange(next);
  };
  return html`<div class="pg-parameters">
    <div class="row row-between pg-parameters-head">
      <h2>Parameters</h2>
      ${count > 0 && html`<${Button} small kind="quiet" icon="retry" onClick=${() => onChange({})}>Reset ${count}<//>`}
    </div>
    ${children}
    ${sections.map(({ title, parameters }, place) => {
      const own = parameters.filter(({ name }) => values[name] !== undefined).length;
      return html`<details key=${title} class="pg-section" open=${place === 0 || own > 0}>
        <summary>${title}${own > 0 && html` <span class="badge badge-lagoon">${own} set</span>`}</summary>
        <div class="pg-section-body">
          ${parameters.map((one) => html`<${ParameterField} key=${one.name} parameter=${one} value=${values[one.name]} onChange=${(/** @type {unknown} */ value) => set(one.name, value)} />`)}
        </div>
      </details>`;
    })}
  </div>`;
}

/** @param {Parameter} parameter */
const standardOf = ({ standard }) => (standard === undefined ? "default" : `default: ${standard}`);

/**
 * @param {{parameter: Parameter, value: unknown, onChange: (value: unknown) => void}} props
 */
function ParameterField({ parameter, value, onChange }) {
  const { label, help, kind, unit, choices = [], standard, example } = parameter;
  const error = fault(parameter, value) || null;
  const name = parameter.name.split(".").at(-1);
  const hint = html`${help}${unit && ` Unit: ${unit}.`} <code class="faint">${name}</code>`;
  if (kind === "switch") {
    const checked = value === undefined ? standard === true : value === true;
    return html`<div class="field">
      <${Checkbox} label=${label} checked=${checked} onChange=${(/** @type {boolean} */ next) => onChange(next === standard ? undefined : next)} />
      <p class="field-hint">${hint}</p>
    </div>`;
  }
  if (kind === "choice") {
    const options = choices.map((one) => (typeof one === "string" ? { value: one, label: one } : { value: one[0], label: one[1] }));
    return html`<${Select} label=${label} hint=${hint} value=${value ?? ""}
      options=${[{ value: "", label: capital(standardOf(parameter)) }, ...options]}
      onChange=${(/** @type {string} */ next) => onChange(next === "" ? undefined : next)} />`;
  }
  if (kind === "number" || kind === "integer") return html`<${NumberField} ...${{ parameter, value, onChange, hint, error }} />`;
  const isLong = kind === "json" || kind === "lines";
  return html`<div class="field">
    <${Input} label=${label} hint=${hint} error=${error} multiline=${isLong} value=${value ?? ""} placeholder=${standardOf(parameter)}
      spellcheck=${!isLong} class=${isLong ? "input mono" : "input"}
      onInput=${(/** @type {string} */ next) => onChange(next === "" ? undefined : next)} />
    ${example && value === undefined && html`<div><${Button} small kind="quiet" icon="plus" onClick=${() => onChange(example)}>Insert an example<//></div>`}
  </div>`;
}

/**
 * A number: what is being typed stays as it is, though "-" or "0." is none yet.
 *
 * @param {{parameter: Parameter, value: unknown, onChange: (value: unknown) => void, hint: any, error: string | null}} props
 */
function NumberField({ parameter, value, onChange, hint, error }) {
  const { label, min, max, step, kind } = parameter;
  const [typed, setTyped] = useState(/** @type {string | null} */ (null));
  const text = value === undefined ? "" : String(value);
  const isSame = typed !== null && (typed === "" ? value === undefined : Number(typed) === value);
  return html`<${Input} type="number" inputmode=${kind === "integer" ? "numeric" : "decimal"}
    label=${label} hint=${hint} error=${error}
    min=${min} max=${max} step=${kind === "integer" ? (step ?? 1) : "any"} placeholder=${standardOf(parameter)}
    value=${isSame ? typed : text}
    onInput=${(/** @type {string} */ next) => {
      setTyped(next);
      onChange(next.trim() === "" ? undefined : Number(next));
    }} />`;
}

/** @param {string} text */
const capital = (text) => text[0].toUpperCase() + text.slice(1);
