/** The server as its operator sees it: load, engines, models that were pulled. Each block loads on its own. */
import { html } from "../../lib/ui.js";
import { get } from "../../lib/api.js";
import { bytes, dateTime, money, number, plural } from "../../lib/format.js";
import { useResource } from "../../lib/resource.js";
import { link } from "../../lib/router.js";
import { Badge } from "../badge.js";
import { LinkButton } from "../button.js";
import { EngineState, byUrgency } from "../engine-state.js";
import { Figure, Panel } from "../page.js";
import { EmptyState, Loaded, Skeleton } from "../states.js";
import { Table } from "../table.js";

const REFRESH_S = 10;

/** @param {string} name */
const useOperator = (name) =>
  useResource((signal) => get(`api/v1/operator/${name}`, {}, signal), [], { every_s: REFRESH_S });

/** Load, speed and memory. */
export function ServerStatus() {
  const status = useOperator("status");
  return html`<${Panel} title="Server" flush>
    <${Loaded} of=${status} skeleton=${html`<div class="panel-body"><${Skeleton} height="5rem" /></div>`}>
      ${(/** @type {any} */ told) => html`<dl class="figures">
        <${Figure} label="State" value=${told.ready ? "Ready" : "Not ready"} note=${told.ready ? `since ${dateTime(told.startedAt)}` : told.reason} />
        <${Figure} label="Running calls" value=${number(told.callsRunning)} note=${`${number(told.callsPerMinute)} in the last minute`} />
        <${Figure} label="Speed" value=${`${number(told.tokensPerSecond, 1)} tokens/s`} note="of all models together" />
        <${Figure} label="Memory" value=${bytes(told.memoryBytes)} note="of this process" />
        <${Figure} label="Charged today" value=${money(told.charges.today.usd + told.charges.today.diem)}
          note=${`${plural(told.charges.today.calls, "call")} of all accounts; DIEM as dollars`} />
      </dl>`}
    <//>
  <//>`;
}

const MOST_ENGINES = 6;

/** Engines and their health. */
export function Engines() {
  const engines = useOperator("engines");
  return html`<${Panel} title="Engines" flush actions=${html`<a href=${link("engines")}>All engines</a>`}>
    <${Loaded} of=${engines} skeleton=${html`<div class="panel-body"><${Skeleton} height="16rem" /></div>`}>
      ${(/** @type {any} */ { data }) => {
        const shown = [...data].sort(byUrgency).slice(0, MOST_ENGINES);
        const rest = data.length - shown.length;
        if (!data.length) return html`<${EmptyState} title="No engines" icon="engines"><p>Engines appear with the first model of the configuration.</p><//>`;
        return html`<${Table} caption="Engines and their health" rows=${shown} rowKey=${(/** @type {any} */ one) => one.id} columns=${ENGINE_COLUMNS} />
          ${rest > 0 && html`<p class="panel-more">and ${plural(rest, "more engine")}</p>`}`;
      }}
    <//>
  <//>`;
}

const ENGINE_COLUMNS = [
  {
    title: "Engine",
    header: true,
    cell: (/** @type {any} */ one) => html`${one.id}<div class="faint">${plural(one.models.length, "model")}, ${one.isLocal ? "on this machine" : "elsewhere"}</div>`,
  },
  {
    title: "Health",
    cell: (/** @type {any} */ one) => html`<${EngineState} state=${one.state} />${one.reason && html`<div class="faint">${one.reason}</div>`}`,
  },
  {
    title: "Calls",
    number: true,
    cell: (/** @type {any} */ one) => html`${number(one.running)}${one.slots ? ` of ${number(one.slots)}` : ""}${one.waiting ? html`<div class="faint">${number(one.waiting)} waiting</div>` : null}`,
  },
];

const PULL_STATES = /** @type {Record<string, {kind: "good" | "caution" | "bad" | "lagoon" | undefined, label: string}>} */ ({
  running: { kind: "lagoon", label: "Downloading" },
  completed: { kind: "good", label: "Installed" },
  failed: { kind: "bad", label: "Failed" },
});

/** Models that were pulled, or are being pulled. */
export function Pulled() {
  const downloads = useOperator("downloads");
  return html`<${Panel} title="Pulled models" flush actions=${html`<a href=${link("models")}>All models</a>`}>
    <${Loaded} of=${downloads} skeleton=${html`<div class="panel-body"><${Skeleton} lines=${4} /></div>`}>
      ${(/** @type {any} */ { data }) => {
        const pulled = data.filter((/** @type {any} */ one) => one.state !== "available");
        return pulled.length
          ? html`<${Table} caption="Models that were pulled" rows=${pulled} rowKey=${(/** @type {any} */ one) => one.model} columns=${PULL_COLUMNS} />`
          : html`<${EmptyState} title="Nothing was pulled yet" icon="download">
              <p>Models that the server fetches once, and then serves without a connection.</p>
              <${LinkButton} href=${link("models")}>Choose a model<//>
            <//>`;
      }}
    <//>
  <//>`;
}

const PULL_COLUMNS = [
  { title: "Model", header: true, cell: (/** @type {any} */ one) => one.model },
  {
    title: "State",
    cell: (/** @type {any} */ one) => {
      const state = PULL_STATES[one.state] ?? { label: one.state };
      const share = one.state === "running" && one.totalBytes ? ` ${Math.floor((one.bytes / one.totalBytes) * 100)} %` : "";
      return html`<${Badge} kind=${state.kind} dot>${state.label}${share}<//>${one.error && html`<div class="faint">${one.error}</div>`}`;
    },
  },
  { title: "Download", number: true, cell: (/** @type {any} */ one) => bytes(one.totalBytes) },
];
