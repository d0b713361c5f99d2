/** Limits: how much of the tier's limits is used now, and the requests that exceeded them. */
import { html } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { dateTime, number, plural, relative } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { Badge } from "../components/badge.js";
import { Meter } from "../components/meter.js";
import { Page, Panel } from "../components/page.js";
import { EmptyState, Loaded, Skeleton } from "../components/states.js";
import { Table } from "../components/table.js";

const REFRESH_S = 5;
const SHOWN = 3;
/** Limits by their type, as a person calls them. */
const LIMITS = /** @type {Record<string, string>} */ ({
  RPM: "Requests a minute",
  RPD: "Requests a day",
  TPM: "Tokens a minute",
});

/**
 * @typedef {object} LimitUse
 * @property {string} type
 * @property {number} amount
 * @property {number} used
 * @property {string | null} resetsAt
 */
/** @typedef {{limitClass: string, models: string[], limits: LimitUse[]}} Group models that are counted together */

/** @param {{session: import("../lib/session.js").Session}} props */
export default function Limits({ session }) {
  const use = useResource((signal) => get("api/v1/api_keys/rate_limits/usage", {}, signal), [], { every_s: REFRESH_S });
  const lead = html`Limits of the tier <strong>${session.tier.id}</strong>. They count the calls of all keys of the account; a request beyond them gets status 429 and says when to try again.`;
  return html`<${Page} title="Limits" lead=${lead}>
    <${Loaded} of=${use} skeleton=${html`<div class="panel panel-body"><${Skeleton} height="24rem" /></div>`}>
      ${(/** @type {any} */ { data, concurrentCalls }) => html`
        <${Panel} title="Concurrent calls"><${Concurrent} ...${concurrentCalls} /><//>
        <${Panel} title="Rate limits" flush><${Groups} groups=${data} /><//>
      `}
    <//>
    ${session.keyType === "ADMIN" && html`<${Exceeded} keyId=${session.keyId} />`}
  <//>`;
}

/** @param {{running: number, amount: number | null}} props */
function Concurrent({ running, amount }) {
  if (amount === null) return html`<p>${plural(running, "call")} running. Their number is not limited.</p>`;
  return html`<${Meter} label="Running calls" used=${running} amount=${amount} />`;
}

/** What is counted against each limit; what is in use comes first. @param {{groups: Group[]}} props */
function Groups({ groups }) {
  const types = Object.keys(LIMITS).filter((type) => groups.some((group) => limitOf(group, type)));
  const used = (/** @type {Group} */ { limits }) => Math.max(0, ...limits.map((one) => one.used / one.amount));
  const sorted = [...groups].sort((one, other) => used(other) - used(one));
  /** @type {import("../components/table.js").Column<Group>[]} */
  const columns = [
    { title: "Models", header: true, cell: ({ models }) => html`${models.slice(0, SHOWN).join(", ")}${models.length > SHOWN && html` <span class="faint">and ${number(models.length - SHOWN)} more</span>`}` },
    { title: "Class", cell: ({ limitClass }) => html`<${Badge}>${limitClass}<//>` },
    ...types.map((type) => ({ title: LIMITS[type], cell: (/** @type {Group} */ group) => html`<${Use} group=${group} type=${type} />` })),
  ];
  return html`<${Table} caption="Use of the limits" columns=${columns} rows=${sorted} rowKey=${(/** @type {Group} */ { models }) => models[0]} />`;
}

/** @param {{group: Group, type: string}} props */
function Use({ group, type }) {
  const limit = limitOf(group, type);
  if (!limit) return html`<span class="faint">not limited</span>`;
  const { used, amount, resetsAt } = limit;
  return html`<${Meter} label=${`${LIMITS[type]}, ${group.models[0]}`} hideLabel used=${used} amount=${amount}
    note=${used && resetsAt ? `frees up ${relative(resetsAt)}` : null} />`;
}

/** @param {Group} group @param {string} type */
const limitOf = ({ limits }, type) => limits.find((one) => one.type === type);

/** The log of requests that exceeded a limit. @param {{keyId: string}} props */
function Exceeded({ keyId }) {
  const log = useResource((signal) => get("api/v1/api_keys/rate_limits/log", {}, signal), [], { every_s: 4 * REFRESH_S });
  return html`<${Panel} title="Exceeded limits" flush>
    <${Loaded} of=${log} skeleton=${html`<div class="panel-body"><${Skeleton} lines=${3} /></div>`}>
      ${(/** @type {any} */ { data }) =>
        data.length
          ? html`<${Table} caption="Requests that exceeded a limit, newest first" columns=${columns(keyId)} rows=${data}
              rowKey=${(/** @type {any} */ one, /** @type {number} */ index) => `${one.timestamp} ${index}`} />`
          : html`<${EmptyState} title="No request exceeded a limit" icon="check"><p>The last 50 since the server started appear here.</p><//>`}
    <//>
  <//>`;
}

/** @param {string} keyId @returns {import("../components/table.js").Column<any>[]} */
const columns = (keyId) => [
  { title: "Time", header: true, cell: (one) => html`<span class="nowrap" title=${one.timestamp}>${dateTime(one.timestamp)}</span>` },
  { title: "Limit", cell: (one) => LIMITS[one.rateLimitType] ?? one.rateLimitType },
  { title: "Model", cell: (one) => one.modelId },
  { title: "Key", cell: (one) => html`<span class="mono">${one.apiKeyId}</span>${one.apiKeyId === keyId && html` <${Badge} kind="lagoon">this session<//>`}` },
  { title: "Tier", cell: (one) => one.rateLimitTier },
];
