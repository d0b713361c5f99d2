/** Engines: for an operator, what runs the models, and how it is. */
import { html } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { bytes, dateTime, inWords, number, plural, relative } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { link } from "../lib/router.js";
import { LinkButton } from "../components/button.js";
import { ENGINE_STATES, EngineState, byUrgency } from "../components/engine-state.js";
import { Meter } from "../components/meter.js";
import { Page } from "../components/page.js";
import { EmptyState, Loaded, Notice, Skeleton } from "../components/states.js";

/**
 * @typedef {import("../components/engine-state.js").State} State
 * @typedef {{model: string, state: State, reason: string | null, slots: number | null, running: number, waiting: number,
 *     memoryBytes: number | null}} Process one of an engine that runs here; each runs one model
 *
 * @typedef {object} Engine
 * @property {string} id
 * @property {string} kind
 * @property {string | null} address null where it runs in processes of the server's own
 * @property {string[]} models
 * @property {State} state
 * @property {string | null} reason why it cannot be used
 * @property {string | null} since when it does not answer
 * @property {number} running
 * @property {number} waiting
 * @property {number | null} slots
 * @property {number | null} memoryBytes
 * @property {string | null} lastFaultAt
 * @property {string | null} lastFault its code
 * @property {Process[]} processes
 */

const REFRESH_S = 5;

export default function Engines() {
  const engines = useResource((signal) => get("api/v1/operator/engines", {}, signal), [], { every_s: REFRESH_S });
  return html`<${Page} title="Engines" lead="An engine runs models: on this machine, or at an address. The states are those last known.">
    <${Loaded} of=${engines} skeleton=${html`<${Skeleton} height="20rem" />`}>
      ${(/** @type {{data: Engine[]}} */ { data }) => (data.length > 0 ? html`<${List} engines=${data} />` : html`<${None} />`)}
    <//>
  <//>`;
}

/** @param {{engines: Engine[]}} props */
function List({ engines }) {
  const order = [...engines].sort(byUrgency);
  const busy = order.filter((one) => !IDLE.has(one.state));
  const idle = order.filter((one) => IDLE.has(one.state));
  const down = engines.filter((one) => one.state === "unreachable");
  return html`
    ${down.length > 0 &&
    html`<${Notice} kind="caution">
      ${down.map((one) => one.id).join(", ")} ${down.length === 1 ? "does" : "do"} not answer. Models with another engine are
      served by that one.
    <//>`}
    <${Cards} engines=${busy} />
    ${idle.length > 0 &&
    html`<details class="panel fold" open=${busy.length === 0}>
      <summary><span class="fold-title">${plural(idle.length, "idle engine")}</span>
        <span class="muted small">stopped until the next call, or without the files of a model</span></summary>
      <div class="panel-body"><${Cards} engines=${idle} /></div>
    </details>`}
  `;
}

/** States in which an engine runs nothing, and is not at fault. */
const IDLE = new Set(["stopped", "missing"]);

/** @param {{engines: Engine[]}} props */
const Cards = ({ engines }) =>
  html`<ul class="cards cards-wide">${engines.map((one) => html`<li key=${one.id}><${Card} engine=${one} /></li>`)}</ul>`;

/** @param {{engine: Engine}} props */
function Card({ engine }) {
  const { help } = ENGINE_STATES[engine.state];
  return html`<article class="panel card">
    <header class="card-head"><h2 class="card-title">${engine.id}</h2><${EngineState} state=${engine.state} /></header>
    ${engine.reason ? html`<p class="small">${engine.reason}</p>` : help && html`<p class="small muted">${help}</p>`}
    ${engine.slots !== null && html`<${Meter} label="Slots in use" used=${engine.running} amount=${engine.slots} />`}
    <dl class="facts small">
      <dt>Kind</dt><dd>${engine.kind}</dd>
      <dt>Where</dt><dd>${engine.address ? html`<span class="mono">${engine.address}</span>` : "On this machine"}</dd>
      ${engine.since && html`<dt>No answer since</dt><dd><${When} time=${engine.since} /></dd>`}
      <dt>Calls</dt><dd>${number(engine.running)} running, ${number(engine.waiting)} waiting</dd>
      ${engine.memoryBytes !== null && html`<dt>Memory</dt><dd>${bytes(engine.memoryBytes)}</dd>`}
      <dt>Last fault</dt>
      <dd>${engine.lastFaultAt ? html`<${When} time=${engine.lastFaultAt} />${engine.lastFault && html` (${inWords(engine.lastFault)})`}` : "None"}</dd>
      <dt>Models</dt>
      <dd><ul class="stack stack-tight">${modelsOf(engine).map((one) => html`<li key=${one.model}><${Model} of=${one} /></li>`)}</ul></dd>
    </dl>
  </article>`;
}

/** @param {{time: string}} props */
const When = ({ time }) => html`<span title=${dateTime(time)}>${relative(time)}</span>`;

/**
 * The models of an engine, each with its process where it has one.
 *
 * @param {Engine} engine
 * @returns {(Process | {model: string, state: null})[]}
 */
const modelsOf = ({ models, processes }) =>
  models.map((model) => processes.find((one) => one.model === model) ?? { model, state: null });

/** @param {{of: Process | {model: string, state: null}}} props */
function Model({ of: one }) {
  const name = html`<a class="mono" href=${link(`models/${encodeURIComponent(one.model)}`)}>${one.model}</a>`;
  if (one.state === null) return name;
  const told = [
    ENGINE_STATES[one.state].text.toLowerCase(),
    one.slots !== null && one.state !== "stopped" && `${number(one.running)} of ${plural(one.slots, "slot")}`,
    one.memoryBytes !== null && bytes(one.memoryBytes),
  ];
  return html`${name} <span class="muted">${told.filter(Boolean).join(", ")}</span>${one.reason && html`<p>${one.reason}</p>`}`;
}

function None() {
  return html`<div class="panel">
    <${EmptyState} title="No engine" icon="engines">
      <p>Without one no model answers. Add one by <code>fondaco engines add URL</code>, or pull a model.</p>
      <${LinkButton} icon="models" href=${link("models")}>Models<//>
    <//>
  </div>`;
}
