/** A model in the list: what it costs, what it can do, and the ways to use it. */
import { html } from "../../lib/ui.js";
import { capabilities, isEncrypted, priceLine, sizeLine, typeOf } from "../../lib/catalogue.js";
import { curl } from "../../lib/curl.js";
import { date } from "../../lib/format.js";
import { link } from "../../lib/router.js";
import { Badge } from "../badge.js";
import { LinkButton } from "../button.js";
import { CopyButton } from "../copy-button.js";
import { Pull } from "./downloads.js";
import { ModelState, stateOf } from "./model-state.js";

/**
 * @param {{model: import("../../lib/catalogue.js").Model, download: import("./downloads.js").Download | undefined,
 *     start: (model: string) => Promise<void>}} props
 */
export function ModelCard({ model, download, start }) {
  const { id, model_spec: spec } = model;
  const state = stateOf(model, download);
  const size = sizeLine(model);
  const able = capabilities(model);
  return html`<article class="panel card">
    <header class="card-head">
      <h2 class="card-title"><a href=${detailsLink(id)}>${spec.name}</a></h2>
      <${ModelState} state=${state} />
    </header>
    <p class="card-id mono">${id}</p>
    <p class="small"><strong>${typeOf(model)}</strong>${size && ` · ${size}`}</p>
    <p class="small">${priceLine(model)}</p>
    ${able.length > 0 && html`<p class="small muted">${able.join(", ")}</p>`}
    <${Marks} model=${model} />
    <div class="card-foot">
      ${state === "ready"
        ? html`<${Uses} model=${model} small />`
        : spec.offline && html`<${Pull} download=${download} start=${start} small />`}
    </div>
  </article>`;
}

/** The route of a model's page; an id may have slashes. @param {string} id */
export const detailsLink = (id) => link(`models/${encodeURIComponent(id)}`);

/**
 * The ways to use a model that answers.
 *
 * @param {{model: import("../../lib/catalogue.js").Model, small?: boolean}} props
 */
export function Uses({ model, small }) {
  if (isEncrypted(model)) return html`<span class="muted small">For clients that encrypt, such as venice_ai</span>`;
  const command = curl(model);
  return html`
    <${LinkButton} small=${small} icon="playground" href=${link("playground", { model: model.id })} aria-label=${`Try it: ${model.id}`}>Try it<//>
    ${command && html`<${CopyButton} text=${command} label="Copy curl" />`}
  `;
}

/** Most traits that a card shows; the model's page has them all. */
const TRAITS = 3;

/**
 * What a caller should know before choosing the model, and its first traits.
 *
 * @param {{model: import("../../lib/catalogue.js").Model}} props
 */
function Marks({ model }) {
  const { traits, privacy, deprecation, betaModel } = model.model_spec;
  return html`<ul class="marks">
    ${deprecation && html`<li><${Badge} kind="caution">Ends ${date(deprecation.date)}<//></li>`}
    ${betaModel && html`<li><${Badge} kind="caution">Beta<//></li>`}
    ${privacy !== "private" && html`<li><${Badge} kind="caution">Anonymized<//></li>`}
    ${traits.slice(0, TRAITS).map((trait) => html`<li key=${trait}><${Badge} kind="lagoon">${trait}<//></li>`)}
    ${traits.length > TRAITS && html`<li class="small muted">and ${traits.length - TRAITS} more</li>`}
  </ul>`;
}
