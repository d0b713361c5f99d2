/** A model's own page: everything that the API says of it. */
import { html } from "../../lib/ui.js";
import { capabilities, filesOf, isEncrypted, prices, typeOf } from "../../lib/catalogue.js";
import { curl } from "../../lib/curl.js";
import { date, money, number } from "../../lib/format.js";
import { link } from "../../lib/router.js";
import { Badge } from "../badge.js";
import { LinkButton } from "../button.js";
import { CodeBlock } from "../code-block.js";
import { CopyButton } from "../copy-button.js";
import { Page, Panel } from "../page.js";
import { EmptyState, Notice } from "../states.js";
import { Table } from "../table.js";
import { Pull } from "./downloads.js";
import { ModelState, helpFor, stateOf } from "./model-state.js";

const PRIVACY = {
  private: "Private: only this server's operator could see the content.",
  anonymized: "Anonymized: the company behind an engine sees the content, but not whose it is.",
};

/**
 * @param {{model: import("../../lib/catalogue.js").Model | undefined, id: string,
 *     downloads: import("./downloads.js").Downloads}} props
 */
export function ModelDetails({ model, id, downloads }) {
  const all = html`<${LinkButton} kind="quiet" href=${link("models")}>All models<//>`;
  if (!model) {
    return html`<${Page} title="Model not found" actions=${all}>
      <div class="panel"><${EmptyState} title=${`No model of this server is called ${id}.`} icon="models" /></div>
    <//>`;
  }
  const download = downloads.byModel.get(filesOf(model));
  const state = stateOf(model, download);
  const canBeTried = state === "ready" && !isEncrypted(model);
  const command = isEncrypted(model) ? null : curl(model);
  return html`<${Page}
    title=${model.model_spec.name}
    lead=${model.model_spec.description}
    actions=${html`${all}
      ${canBeTried && html`<${LinkButton} kind="primary" icon="playground" href=${link("playground", { model: model.id })}>Try it<//>`}`}
  >
    ${helpFor(state) && html`<${Notice} kind="caution">${helpFor(state)}<//>`}
    ${state !== "ready" && html`<${Pull} download=${download} start=${downloads.start} />`}
    <div class="grid-halves">
      <${Panel} title="Facts"><${Facts} model=${model} state=${state} /><//>
      <div class="stack">
        <${Panel} title="Prices" flush><${Prices} model=${model} /><//>
        <${Panel} title="Capabilities and traits"><${Abilities} model=${model} /><//>
      </div>
    </div>
    ${command
      ? html`<${Panel} title="Call it">
          <div class="stack">
            <p class="muted">The command runs as it stands where <code>OPENAI_API_KEY</code> is a key of yours.</p>
            <${CodeBlock} title="curl" code=${command} />
          </div>
        <//>`
      : html`<${Notice}>
          Requests to this model are encrypted up to its enclave. Use a client that does so, such as <code>venice_ai</code>
          with <code>Venice(e2ee=True)</code>.
        <//>`}
  <//>`;
}

/** @param {{model: import("../../lib/catalogue.js").Model, state: import("./model-state.js").State}} props */
function Facts({ model, state }) {
  const { model_spec: spec } = model;
  const { promptCharacterLimit, resolutions, durations, aspect_ratios: ratios, steps } = spec.constraints ?? {};
  /** @type {[string, any][]} */
  const facts = [
    ["Id", html`<span class="row"><code>${model.id}</code><${CopyButton} text=${model.id} label="Copy id" iconOnly /></span>`],
    ["Type", typeOf(model)],
    ["State", html`<${ModelState} state=${state} />`],
    ["Context", spec.availableContextTokens && `${number(spec.availableContextTokens)} tokens, prompt and output together`],
    ["Prompt", promptCharacterLimit && `up to ${number(promptCharacterLimit)} characters`],
    ["Steps", steps && `up to ${steps.max}, ${steps.default} unless told`],
    ["Resolutions", resolutions?.join(", ")],
    ["Lengths", durations?.join(", ")],
    ["Aspect ratios", ratios?.join(", ")],
    ["Voices", spec.voices?.join(", ")],
    ["Privacy", PRIVACY[spec.privacy] ?? spec.privacy],
    ["Released", date(model.created * 1000)],
    ["Ends", spec.deprecation && `${date(spec.deprecation.date)}: choose another model before`],
    ["Model card", spec.modelSource && html`<a href=${spec.modelSource} target="_blank" rel="noopener noreferrer">${spec.modelSource}</a>`],
  ];
  return html`<dl class="facts">
    ${facts.filter(([, value]) => value).map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}
  </dl>`;
}

/** @typedef {ReturnType<typeof prices>[number]} Row */

/** @param {{model: import("../../lib/catalogue.js").Model}} props */
function Prices({ model }) {
  const rows = prices(model);
  if (rows.length === 0) return html`<p class="panel-body">Free.</p>`;
  return html`<${Table}
    caption="Prices"
    rows=${rows}
    rowKey=${(/** @type {Row} */ row) => row.label}
    columns=${[
      { title: "For", header: true, cell: (/** @type {Row} */ row) => row.label },
      { title: "Price", number: true, cell: (/** @type {Row} */ row) => (row.amount ? money(row.amount) : "Free") },
      { title: "Unit", cell: (/** @type {Row} */ row) => row.unit },
    ]}
  />`;
}

/** @param {{model: import("../../lib/catalogue.js").Model}} props */
function Abilities({ model }) {
  const able = capabilities(model);
  const { traits } = model.model_spec;
  if (able.length + traits.length === 0) return html`<p class="muted">None beyond its type.</p>`;
  return html`<div class="stack stack-tight">
    ${able.length > 0 && html`<ul class="marks">${able.map((name) => html`<li key=${name}><${Badge}>${name}<//></li>`)}</ul>`}
    ${traits.length > 0 &&
    html`<ul class="marks">${traits.map((trait) => html`<li key=${trait}><${Badge} kind="lagoon">${trait}<//></li>`)}</ul>
      <p class="small muted">A request may name a trait instead of a model, such as <code>${`"model": "${traits[0]}"`}</code>.</p>`}
  </div>`;
}
