/** Form fields: a control with its label, hint and error. */
import { html, useId } from "../lib/ui.js";

/**
 * @typedef {object} FieldProps
 * @property {string} label
 * @property {any} [hint] how to fill it in
 * @property {string | null} [error] what is wrong with the value, and what is right
 * @property {boolean} [optional] says "optional" beside the label
 * @property {boolean} [hideLabel] keeps the label for screen readers alone
 */

/**
 * A label, hint and error around any control.
 *
 * @param {FieldProps & {children: (attributes: Record<string, any>) => any}} props `children` makes the control, with the
 *     attributes that tie it to its label, hint and error
 */
export function Field({ label, hint, error, optional, hideLabel, children }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return html`<div class="field">
    <label for=${id} class=${hideLabel ? "visually-hidden" : "field-label"}>
      ${label}${optional && html` <span class="field-optional">optional</span>`}
    </label>
    ${children({ id, "aria-describedby": described, "aria-invalid": error ? "true" : undefined })}
    ${hint && html`<p class="field-hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="field-error" id=${`${id}-error`} role="alert">${error}</p>`}
  </div>`;
}

/**
 * A text, number, date or password field; `multiline` makes it a text area, `autofocus` the first of its dialog.
 *
 * @param {FieldProps & {value: string | number, onInput: (value: string) => void, multiline?: boolean, autofocus?: boolean} &
 *     Record<string, any>} props further properties become attributes of the control
 */
export function Input({ label, hint, error, optional, hideLabel, value, onInput, multiline = false, autofocus = false, ...rest }) {
  const changed = (/** @type {InputEvent} */ event) => onInput(/** @type {HTMLInputElement} */ (event.target).value);
  const focus = autofocus ? { "data-focus": "" } : {};
  return html`<${Field} ...${{ label, hint, error, optional, hideLabel }}>
    ${(/** @type {Record<string, any>} */ tied) =>
      multiline
        ? html`<textarea class="input" value=${value} onInput=${changed} ...${tied} ...${focus} ...${rest}></textarea>`
        : html`<input class="input" value=${value} onInput=${changed} ...${tied} ...${focus} ...${rest} />`}
  <//>`;
}

/**
 * A choice of one option.
 *
 * @param {FieldProps & {value: string, options: (string | {value: string, label: string, disabled?: boolean})[],
 *     onChange: (value: string) => void} & Record<string, any>} props
 */
export function Select({ label, hint, error, optional, hideLabel, value, options, onChange, ...rest }) {
  const changed = (/** @type {Event} */ event) => onChange(/** @type {HTMLSelectElement} */ (event.target).value);
  return html`<${Field} ...${{ label, hint, error, optional, hideLabel }}>
    ${(/** @type {Record<string, any>} */ tied) => html`<select class="input" value=${value} onChange=${changed} ...${tied} ...${rest}>
      ${options.map((option) => {
        const one = typeof option === "string" ? { value: option, label: option } : option;
        return html`<option key=${one.value} value=${one.value} disabled=${one.disabled} selected=${one.value === value}>${one.label}</option>`;
      })}
    </select>`}
  <//>`;
}

/**
 * A box to tick.
 *
 * @param {{label: any, checked: boolean, onChange: (checked: boolean) => void} & Record<string, any>} props
 */
export function Checkbox({ label, checked, onChange, ...rest }) {
  return html`<label class="check">
    <input type="checkbox" checked=${checked} onChange=${(/** @type {Event} */ event) => onChange(/** @type {HTMLInputElement} */ (event.target).checked)} ...${rest} />
    <span>${label}</span>
  </label>`;
}

/**
 * A choice of one of a few, all in view.
 *
 * @param {{label: string, value: string, options: {value: string, label: string}[], onChange: (value: string) => void}} props
 */
export function Segments({ label, value, options, onChange }) {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${options.map(
      (option) => html`<button type="button" class="segment" key=${option.value} aria-pressed=${option.value === value ? "true" : "false"}
        onClick=${() => onChange(option.value)}>${option.label}</button>`,
    )}
  </div>`;
}
