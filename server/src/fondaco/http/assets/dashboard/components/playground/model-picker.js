/** The choice of a model, by type. */
import { html } from "../../lib/ui.js";
import { grouped, hindrance } from "../../lib/playground/models.js";
import { Field } from "../field.js";

/**
 * @param {{models: import("../../lib/playground/models.js").Model[], value: string, onChange: (id: string) => void}} props
 */
export function ModelPicker({ models, value, onChange }) {
  return html`<${Field} label="Model" hideLabel>
    ${(/** @type {Record<string, any>} */ tied) => html`<select class="input pg-picker" value=${value}
      onChange=${(/** @type {any} */ event) => onChange(event.target.value)} ...${tied}>
      ${grouped(models).map(({ type, name, models: some }) => html`<optgroup key=${type} label=${name}>
        ${some.map((model) => {
          const why = hindrance(model);
          return html`<option key=${model.id} value=${model.id} selected=${model.id === value}>
            ${model.model_spec.name}${why && ` (${why.split(":", 1)[0].replace(/^is /, "")})`}
          </option>`;
        })}
      </optgroup>`)}
    </select>`}
  <//>`;
}
