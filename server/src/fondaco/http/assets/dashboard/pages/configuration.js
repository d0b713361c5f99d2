/** Configuration: for an operator, each setting in force and where its value comes from. Nothing is changed here. */
import { html, useState } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { number, plural } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { replaceQuery } from "../lib/router.js";
import { Badge } from "../components/badge.js";
import { Input, Segments } from "../components/field.js";
import { Page } from "../components/page.js";
import { EmptyState, Loaded, Skeleton } from "../components/states.js";
import { Table } from "../components/table.js";

/** @typedef {{setting: string, value: unknown, origin: string}} Setting */

const DEFAULT = "default";
/** The group of settings that are in no table. */
const GENERAL = "general";

/** @param {{route: import("../lib/router.js").Route}} props */
export default function Configuration({ route }) {
  const settings = useResource((signal) => get("api/v1/operator/configuration", {}, signal));
  return html`<${Page}
    title="Configuration"
    lead=${html`Read only: change <code>fondaco.toml</code> or the environment, then run <code>fondaco reload</code>.`}
  >
    <${Loaded} of=${settings} skeleton=${html`<${Skeleton} height="24rem" />`}>
      ${(/** @type {{data: Setting[]}} */ { data }) => html`<${List} settings=${data} query=${route.query} />`}
    <//>
  <//>`;
}

/** @param {{settings: Setting[], query: Record<string, string>}} props */
function List({ settings, query }) {
  const { search = "", only = "" } = query;
  const filter = (/** @type {Record<string, string>} */ change) => replaceQuery({ ...query, ...change });
  const isFiltered = search.trim() !== "" || only !== "";
  const words = search.toLowerCase().split(/\s+/);
  const shown = settings.filter((one) => {
    const text = `${one.setting} ${written(one.value)} ${one.origin}`.toLowerCase();
    return (!only || one.origin !== DEFAULT) && words.every((word) => text.includes(word));
  });
  return html`
    <form class="filters" role="search" aria-label="Filter settings" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Input} label="Search" type="search" placeholder="Setting, value, origin" value=${search} onInput=${(/** @type {string} */ text) => filter({ search: text })} />
      <${Segments} label="Which settings" value=${only} onChange=${(/** @type {string} */ chosen) => filter({ only: chosen })}
        options=${[{ value: "", label: "All" }, { value: "set", label: "Set by you" }]} />
      <p class="filters-count muted small" role="status">${plural(shown.length, "setting")}</p>
    </form>
    ${shown.length === 0 &&
    html`<div class="panel"><${EmptyState} title=${only && !search ? "Every setting has its default." : "No setting matches."} icon="configuration" /></div>`}
    <div class="stack stack-tight">
      ${groups(shown).map(
        ([name, members]) => html`<${Group} key=${`${name} ${isFiltered}`} name=${name} settings=${members} isOpen=${isFiltered || name === GENERAL} />`,
      )}
    </div>
  `;
}

/**
 * Return the settings by their table: "server", "limits"; those of none are general.
 *
 * @param {Setting[]} settings
 * @returns {[string, Setting[]][]}
 */
function groups(settings) {
  /** @type {Map<string, Setting[]>} */
  const found = new Map();
  for (const one of settings) {
    const name = one.setting.includes(".") ? one.setting.split(".", 1)[0] : GENERAL;
    found.set(name, [...(found.get(name) ?? []), one]);
  }
  return [...found];
}

/**
 * The settings of one table, folded: there are hundreds, most with their default.
 *
 * @param {{name: string, settings: Setting[], isOpen: boolean}} props
 */
function Group({ name, settings, isOpen }) {
  const [open, setOpen] = useState(isOpen);
  const changed = settings.filter((one) => one.origin !== DEFAULT).length;
  return html`<details class="panel fold" open=${open} onToggle=${(/** @type {Event} */ event) => setOpen(/** @type {HTMLDetailsElement} */ (event.currentTarget).open)}>
    <summary>
      <span class="fold-title">${name}</span>
      <span class="muted small">${plural(settings.length, "setting")}${changed > 0 && `, ${number(changed)} set`}</span>
    </summary>
    ${open &&
    html`<${Table}
      caption=${`Settings of ${name}`}
      rows=${settings}
      rowKey=${(/** @type {Setting} */ one) => one.setting}
      columns=${[
        { title: "Setting", header: true, cell: (/** @type {Setting} */ one) => html`<code class="setting-name">${one.setting}</code>` },
        { title: "Value", cell: (/** @type {Setting} */ one) => html`<code class="setting-value">${written(one.value)}</code>` },
        { title: "Origin", cell: (/** @type {Setting} */ one) => html`<${Origin} origin=${one.origin} />` },
      ]}
    />`}
  </details>`;
}

/** @param {{origin: string}} props */
function Origin({ origin }) {
  return origin === DEFAULT ? html`<span class="muted">default</span>` : html`<${Badge} kind="lagoon">${origin}<//>`;
}

/** A value as TOML has it; "unset" for none. @param {unknown} value */
const written = (value) => (value === null || value === undefined ? "unset" : JSON.stringify(value));
