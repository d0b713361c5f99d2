/** Models: the catalogue, searched and filtered, and each model's own page. */
import { html, useMemo } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { TYPES, capabilities, filesOf, matches } from "../lib/catalogue.js";
import { plural } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { replaceQuery } from "../lib/router.js";
import { Checkbox, Input, Select } from "../components/field.js";
import { Page } from "../components/page.js";
import { EmptyState, Loaded, Skeleton } from "../components/states.js";
import { Pull, useDownloads } from "../components/models/downloads.js";
import { ModelCard } from "../components/models/model-card.js";
import { ModelDetails } from "../components/models/model-details.js";

/** @typedef {import("../lib/catalogue.js").Model} Model */

/** @param {{session: import("../lib/session.js").Session, route: import("../lib/router.js").Route}} props */
export default function Models({ session, route }) {
  const models = useResource((signal) => get("api/v1/models", { type: "all" }, signal));
  const downloads = useDownloads(session.operator, models.reload);
  const [id] = route.rest;
  if (id && models.data) {
    const model = models.data.data.find((/** @type {Model} */ one) => one.id === id);
    return html`<${ModelDetails} key=${id} model=${model} id=${id} downloads=${downloads} />`;
  }
  return html`<${Page} key="" title="Models" lead="Prices are in USD; one DIEM pays for as much as one dollar.">
    <${Loaded} of=${models} skeleton=${html`<${Skeleton} height="24rem" />`}>
      ${(/** @type {{data: Model[]}} */ { data }) =>
        html`<${Catalogue} models=${data} query=${route.query} downloads=${downloads} />`}
    <//>
  <//>`;
}

/**
 * @param {{models: Model[], query: Record<string, string>,
 *     downloads: import("../components/models/downloads.js").Downloads}} props
 */
function Catalogue({ models, query, downloads }) {
  const { search = "", type = "", can = "", ready = "" } = query;
  const filter = (/** @type {Record<string, string>} */ change) => replaceQuery({ ...query, ...change });
  const shown = models.filter(
    (model) =>
      matches(model, search) &&
      (!type || model.type === type) &&
      (!can || capabilities(model).includes(can)) &&
      (!ready || !model.model_spec.offline),
  );
  const abilities = useMemo(() => [...new Set(models.flatMap(capabilities))], [models]);
  const types = TYPES.filter((one) => models.some((model) => model.type === one.type));
  const others = otherDownloads(models, downloads);
  return html`
    <form class="filters" role="search" aria-label="Filter models" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Input} label="Search" type="search" placeholder="Name, trait, capability" value=${search} onInput=${(/** @type {string} */ text) => filter({ search: text })} />
      <${Select} label="Type" value=${type} onChange=${(/** @type {string} */ chosen) => filter({ type: chosen })}
        options=${[{ value: "", label: "All types" }, ...types.map((one) => ({ value: one.type, label: one.title }))]} />
      <${Select} label="Capability" value=${can} onChange=${(/** @type {string} */ chosen) => filter({ can: chosen })}
        options=${[{ value: "", label: "Any" }, ...abilities.map((name) => ({ value: name, label: name }))]} />
      <div class="filters-check">
        <${Checkbox} label="Ready only" checked=${ready === "1"} onChange=${(/** @type {boolean} */ only) => filter({ ready: only ? "1" : "" })} />
      </div>
      <p class="filters-count muted small" role="status">${plural(shown.length, "model")}</p>
    </form>
    <ul class="cards">
      ${types.flatMap(({ type: one }) =>
        shown
          .filter((model) => model.type === one)
          .map(
            (model) => html`<li key=${model.id}>
              <${ModelCard} model=${model} download=${downloads.byModel.get(filesOf(model))} start=${downloads.start} />
            </li>`,
          ),
      )}
    </ul>
    ${shown.length === 0 &&
    html`<div class="panel">
      <${EmptyState} title="No model matches." icon="search"><p>Change the search, or choose fewer filters.</p><//>
    </div>`}
    ${others.length > 0 && html`<${OtherFiles} others=${others} start=${downloads.start} />`}
  `;
}

/**
 * Return downloads of files that no model of the catalogue is made of, such as the classifier of safe mode.
 *
 * @param {Model[]} models
 * @param {import("../components/models/downloads.js").Downloads} downloads
 */
function otherDownloads(models, downloads) {
  const known = new Set(models.map(filesOf));
  return [...downloads.byModel.values()].filter((one) => !known.has(one.model) && one.state !== "completed");
}

/** @param {{others: import("../components/models/downloads.js").Download[], start: (model: string) => Promise<void>}} props */
function OtherFiles({ others, start }) {
  return html`<section class="stack" aria-label="More to pull">
    <h2>More to pull</h2>
    <ul class="cards">
      ${others.map(
        (one) => html`<li key=${one.model}>
          <article class="panel card">
            <header class="card-head"><h3 class="card-title mono">${one.model}</h3></header>
            <div class="card-foot"><${Pull} download=${one} start=${start} small /></div>
          </article>
        </li>`,
      )}
    </ul>
  </section>`;
}
