/** Keys: listed with their use, created, changed, revoked. */
import { html, useState } from "../lib/ui.js";
import { del, get } from "../lib/api.js";
import { date, dateTime, money, relative } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { refreshSession } from "../lib/session.js";
import { toast } from "../components/announcer.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { Confirm } from "../components/dialog.js";
import { KeyForm } from "../components/keys/key-form.js";
import { NewSecret } from "../components/keys/new-secret.js";
import { Page } from "../components/page.js";
import { EmptyState, Loaded, Skeleton } from "../components/states.js";
import { Table } from "../components/table.js";

/**
 * @typedef {object} Key a key as the API lists it
 * @property {string} id
 * @property {"ADMIN" | "INFERENCE"} apiKeyType
 * @property {string} description
 * @property {string} last6Chars
 * @property {string} createdAt
 * @property {string | null} expiresAt
 * @property {string | null} lastUsedAt
 * @property {{usd: number | null, diem: number | null}} consumptionLimits
 * @property {{trailingSevenDays: {usd: string, diem: string}}} usage
 */

/**
 * The dialog that is open.
 *
 * @typedef {{is: "create"} | {is: "change", key: Key} | {is: "revoke", key: Key} | {is: "secret", secret: string}} Open
 */

/** @param {{session: import("../lib/session.js").Session}} props */
export default function Keys({ session }) {
  const keys = useResource(async (signal) => /** @type {Key[]} */ ((await get("api/v1/api_keys", {}, signal)).data));
  const [open, setOpen] = useState(/** @type {Open | null} */ (null));
  const close = () => setOpen(null);
  const create = html`<${Button} kind="primary" icon="plus" onClick=${() => setOpen({ is: "create" })}>Create a key<//>`;

  return html`<${Page} title="Keys" lead="A key lets a program call this server as your account. Give each program one of its own: then each can be limited, and revoked alone." actions=${create}>
    <${Loaded} of=${keys} skeleton=${html`<div class="panel panel-body"><${Skeleton} lines=${6} /></div>`}>
      ${(/** @type {Key[]} */ list) =>
        list.length
          ? html`<${Table} caption="Active keys" rows=${list} rowKey=${(/** @type {Key} */ key) => key.id} columns=${columns(session, setOpen)} />`
          : html`<div class="panel"><${EmptyState} title="No active key" icon="keys"><p>Create one for each program that calls this server.</p><//></div>`}
    <//>
    ${open?.is === "create" &&
    html`<${KeyForm} onClose=${close} onDone=${(/** @type {any} */ made) => {
      setOpen({ is: "secret", secret: made.apiKey });
      keys.reload();
    }} />`}
    ${open?.is === "change" &&
    html`<${KeyForm} changed=${open.key} onClose=${close} onDone=${(/** @type {Key} */ changed) => {
      toast(`“${changed.description}” is saved.`);
      keys.reload();
      if (changed.id === session.keyId) void refreshSession();
    }} />`}
    ${open?.is === "secret" && html`<${NewSecret} secret=${open.secret} onClose=${close} />`}
    ${open?.is === "revoke" && html`<${Revoke} revoked=${open.key} own=${open.key.id === session.keyId} onClose=${close} onDone=${keys.reload} />`}
  <//>`;
}

/**
 * @param {import("../lib/session.js").Session} session
 * @param {(open: Open) => void} setOpen
 * @returns {import("../components/table.js").Column<Key>[]}
 */
const columns = (session, setOpen) => [
  {
    title: "Key",
    header: true,
    cell: (key) => html`${key.description} ${key.id === session.keyId && html`<${Badge} kind="lagoon">this session<//>`}
      <div class="faint mono">…${key.last6Chars}</div>`,
  },
  { title: "Type", cell: (key) => html`<${Badge}>${key.apiKeyType === "ADMIN" ? "Admin" : "Inference"}<//>` },
  { title: "Limits per epoch", cell: (key) => limits(key) },
  { title: "Last 7 days", number: true, cell: (key) => spent(key) },
  { title: "Last used", cell: (key) => html`<span class="nowrap" title=${key.lastUsedAt ? dateTime(key.lastUsedAt) : undefined}>${relative(key.lastUsedAt)}</span>` },
  {
    title: "Expires",
    cell: (key) => html`<span class="nowrap" title=${key.expiresAt ? dateTime(key.expiresAt) : undefined}>${key.expiresAt ? relative(key.expiresAt) : "never"}</span>`,
  },
  { title: "Created", cell: (key) => html`<span class="nowrap">${date(key.createdAt)}</span>` },
  {
    title: "Actions",
    hideTitle: true,
    cell: (key) => html`<div class="table-actions">
      <${Button} small kind="quiet" icon="edit" label=${`Change “${key.description}”`} onClick=${() => setOpen({ is: "change", key })} />
      <${Button} small kind="quiet" icon="trash" label=${`Revoke “${key.description}”`} onClick=${() => setOpen({ is: "revoke", key })} />
    </div>`,
  },
];

/** @param {Key} key */
function limits({ consumptionLimits: { usd, diem } }) {
  if (usd === null && diem === null) return html`<span class="faint">none</span>`;
  return html`${diem !== null && html`<div class="nowrap">${money(diem, "DIEM")}</div>`}${usd !== null && html`<div class="nowrap">${money(usd)}</div>`}`;
}

/** @param {Key} key */
function spent({ usage: { trailingSevenDays: days } }) {
  const usd = Number(days.usd);
  const diem = Number(days.diem);
  if (!usd && !diem) return html`<span class="faint">nothing</span>`;
  return html`${diem > 0 && html`<div>${money(diem, "DIEM")}</div>`}${usd > 0 && html`<div>${money(usd)}</div>`}`;
}

/**
 * @param {{revoked: Key, own: boolean, onClose: () => void, onDone: () => void}} props `own`: the session is the key's
 */
function Revoke({ revoked, own, onClose, onDone }) {
  const revoke = async () => {
    await del("api/v1/api_keys", { query: { id: revoked.id } });
    toast(`“${revoked.description}” is revoked.`);
    onDone();
  };
  return html`<${Confirm} title="Revoke this key?" action="Revoke" onConfirm=${revoke} onClose=${onClose}>
    <p><strong>${revoked.description}</strong> <span class="mono">…${revoked.last6Chars}</span> ends at once: programs that use it are refused from then on. This cannot be undone.</p>
    ${own && html`<p>This session is of this key, and ends with it.</p>`}
  <//>`;
}
