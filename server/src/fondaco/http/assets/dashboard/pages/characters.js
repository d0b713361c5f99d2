/** Characters: personas that a chat can take on, and each one's own page. */
import { html } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { date, number, plural } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { link, replaceQuery } from "../lib/router.js";
import { Badge } from "../components/badge.js";
import { LinkButton } from "../components/button.js";
import { CodeBlock } from "../components/code-block.js";
import { Input } from "../components/field.js";
import { Page, Panel } from "../components/page.js";
import { EmptyState, Loaded, Skeleton } from "../components/states.js";

/**
 * @typedef {object} Character
 * @property {string} slug
 * @property {string} name
 * @property {string | null} description
 * @property {string[]} tags
 * @property {string} modelId
 * @property {boolean} adult
 * @property {boolean} webEnabled
 * @property {string} createdAt
 * @property {string} updatedAt
 * @property {{imports: number}} stats
 */

/** Most that the server sends in one page. */
const LIMIT = 100;

/** @param {{route: import("../lib/router.js").Route}} props */
export default function Characters({ route }) {
  const [slug] = route.rest;
  return slug ? html`<${Details} key=${slug} slug=${slug} />` : html`<${List} query=${route.query} />`;
}

/** @param {{query: Record<string, string>}} props */
function List({ query }) {
  const { search = "" } = query;
  const characters = useResource((signal) => get("api/v1/characters", { search, limit: LIMIT }, signal), [search]);
  return html`<${Page} title="Characters" lead="Each is a set of instructions that a chat with a model begins with.">
    <form class="filters" role="search" aria-label="Filter characters" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Input} label="Search" type="search" placeholder="Name, description, #tag" value=${search} maxlength="200"
        onInput=${(/** @type {string} */ text) => replaceQuery({ search: text })} />
      <p class="filters-count muted small" role="status">${characters.data && plural(characters.data.data.length, "character")}</p>
    </form>
    <${Loaded} of=${characters} skeleton=${html`<${Skeleton} height="24rem" />`}>
      ${(/** @type {{data: Character[]}} */ { data }) =>
        data.length > 0
          ? html`<ul class="cards">${data.map((one) => html`<li key=${one.slug}><${Card} character=${one} /></li>`)}</ul>`
          : html`<div class="panel">
              <${EmptyState} title=${search ? "No character matches." : "There are no characters yet."} icon="characters">
                <p>${search ? "Change the search." : html`An operator adds one by <code>fondaco characters add FILE</code>.`}</p>
              <//>
            </div>`}
    <//>
  <//>`;
}

/** @param {{character: Character}} props */
function Card({ character }) {
  return html`<article class="panel card">
    <header class="card-head">
      <h2 class="card-title"><a href=${link(`characters/${encodeURIComponent(character.slug)}`)}>${character.name}</a></h2>
    </header>
    <p class="small card-text">${character.description}</p>
    <${Tags} character=${character} />
    <div class="card-foot"><${Chat} character=${character} small /></div>
  </article>`;
}

/** @param {{character: Character}} props */
function Tags({ character }) {
  return html`<ul class="marks">
    ${character.adult && html`<li><${Badge} kind="caution">For adults<//></li>`}
    ${character.webEnabled && html`<li><${Badge} kind="lagoon">Web search<//></li>`}
    ${character.tags.map((tag) => html`<li key=${tag}><${Badge}>${tag}<//></li>`)}
  </ul>`;
}

/** @param {{character: Character, small?: boolean}} props */
function Chat({ character, small }) {
  const target = link("playground", { model: character.modelId, character: character.slug });
  return html`<${LinkButton} small=${small} kind=${small ? undefined : "primary"} icon="playground" href=${target}
    aria-label=${`Chat with ${character.name}`}>Chat<//>`;
}

/** @param {{slug: string}} props */
function Details({ slug }) {
  const character = useResource((signal) => get(`api/v1/characters/${encodeURIComponent(slug)}`, {}, signal), [slug]);
  /** @type {Character | undefined} */
  const one = character.data?.data;
  return html`<${Page}
    title=${one?.name ?? slug}
    lead=${one?.description}
    actions=${html`<${LinkButton} kind="quiet" href=${link("characters")}>All characters<//> ${one && html`<${Chat} character=${one} />`}`}
  >
    <${Loaded} of=${character}>
      ${() =>
        one &&
        html`<div class="grid-halves">
          <${Panel} title="Facts"><${Facts} character=${one} /><//>
          <${Panel} title="Use it in a chat completion">
            <div class="stack">
              <p class="muted">Send its slug with the messages. The instructions stay on the server.</p>
              <${CodeBlock} title="JSON" code=${body(one)} />
            </div>
          <//>
        </div>`}
    <//>
  <//>`;
}

/** @param {{character: Character}} props */
function Facts({ character }) {
  return html`<dl class="facts">
    <dt>Slug</dt><dd><code>${character.slug}</code></dd>
    <dt>Model</dt><dd><a href=${link(`models/${encodeURIComponent(character.modelId)}`)}>${character.modelId}</a></dd>
    <dt>Chats</dt><dd>${number(character.stats.imports)}</dd>
    <dt>Created</dt><dd>${date(character.createdAt)}</dd>
    <dt>Changed</dt><dd>${date(character.updatedAt)}</dd>
    <dt>Marks</dt><dd><${Tags} character=${character} /></dd>
  </dl>`;
}

/** @param {Character} character */
const body = ({ slug, modelId }) =>
  JSON.stringify(
    { model: modelId, messages: [{ role: "user", content: "Hello!" }], venice_parameters: { character_slug: slug } },
    null,
    2,
  );
