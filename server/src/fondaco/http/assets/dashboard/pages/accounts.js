/** Accounts: for an operator, who may use the server and with which funds. */
import { html, useState } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { date, money, number, plural, relative } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { Badge } from "../components/badge.js";
import { Button } from "../components/button.js";
import { Input } from "../components/field.js";
import { Page } from "../components/page.js";
import { EmptyState, Loaded } from "../components/states.js";
import { Table } from "../components/table.js";
import { ChangeAccount, CreateAccount, GrantFunds, SwitchAccount } from "../components/accounts/account-forms.js";
import { WayIn } from "../components/accounts/way-in.js";

/** @typedef {import("../components/accounts/account-forms.js").Account} Account */
/** @typedef {{kind: "create"} | {kind: "created" | "enter" | "grant" | "change" | "switch", account: Account}} OpenForm */

/** Most accounts in one page. */
const LIMIT = 500;

/** @param {{session: import("../lib/session.js").Session}} props */
export default function Accounts({ session }) {
  const [page, setPage] = useState(1);
  const accounts = useResource((signal) => get("api/v1/operator/accounts", { limit: LIMIT, page }, signal), [page]);
  const tiers = useResource((signal) => get("api/v1/operator/tiers", {}, signal));
  const [form, setForm] = useState(/** @type {OpenForm | null} */ (null));
  const close = () => setForm(null);

  /** @param {Account} changed */
  const put = (changed) => {
    /** @type {Account[]} */
    const rows = accounts.data?.data ?? [];
    const isNew = !rows.some((one) => one.name === changed.name);
    accounts.setData({ ...accounts.data, data: isNew ? [...rows, changed] : rows.map((one) => (one.name === changed.name ? changed : one)) });
  };
  const created = (/** @type {Account} */ account) => {
    put(account);
    setForm({ kind: "created", account });
  };

  const shared = { tiers: tiers.data?.data ?? [], onChanged: put, onClose: close };
  return html`<${Page}
    title="Accounts"
    lead="Each account has a balance and keys of its own, and sees nothing of the others."
    actions=${html`<${Button} kind="primary" icon="plus" disabled=${!tiers.data} onClick=${() => setForm({ kind: "create" })}>Create account<//>`}
  >
    <${Loaded} of=${accounts}>
      ${(/** @type {{data: Account[], pagination: {totalPages: number}}} */ { data, pagination }) => html`
        <${List} accounts=${data} own=${session.account} open=${setForm} />
        ${pagination.totalPages > 1 && html`<${Pager} page=${page} pages=${pagination.totalPages} onChange=${setPage} />`}
      `}
    <//>
    ${form?.kind === "create" && html`<${CreateAccount} ...${shared} onCreated=${created} />`}
    ${form?.kind === "created" && html`<${WayIn} isNew ...${shared} account=${form.account} />`}
    ${form?.kind === "enter" && html`<${WayIn} ...${shared} account=${form.account} />`}
    ${form?.kind === "grant" && html`<${GrantFunds} ...${shared} account=${form.account} />`}
    ${form?.kind === "change" && html`<${ChangeAccount} ...${shared} account=${form.account} />`}
    ${form?.kind === "switch" && html`<${SwitchAccount} ...${shared} account=${form.account} />`}
  <//>`;
}

/** @param {{accounts: Account[], own: string, open: (form: OpenForm) => void}} props */
function List({ accounts, own, open }) {
  const [search, setSearch] = useState("");
  const shown = accounts.filter((one) => one.name.toLowerCase().includes(search.trim().toLowerCase()));
  return html`
    <form class="filters" role="search" aria-label="Filter accounts" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Input} label="Search" type="search" placeholder="Name" value=${search} onInput=${setSearch} />
      <p class="filters-count muted small" role="status">${plural(shown.length, "account")}</p>
    </form>
    ${shown.length === 0
      ? html`<div class="panel"><${EmptyState} title="No account matches." icon="search" /></div>`
      : html`<${Table}
          caption="Accounts"
          rows=${shown}
          rowKey=${(/** @type {Account} */ one) => one.name}
          columns=${[
            { title: "Account", header: true, cell: (/** @type {Account} */ one) => html`<${Name} account=${one} isOwn=${one.name === own} />` },
            { title: "USD", number: true, cell: (/** @type {Account} */ one) => money(one.usd) },
            { title: "DIEM", number: true, cell: (/** @type {Account} */ one) => `${number(one.diem, 2)} of ${number(one.diemAllocation, 2)}` },
            { title: "Tier", cell: (/** @type {Account} */ one) => one.tier },
            { title: "Keys", number: true, cell: (/** @type {Account} */ one) => number(one.keys) },
            { title: "Last used", cell: (/** @type {Account} */ one) => html`<span class="nowrap">${relative(one.lastUsedAt)}</span>` },
            { title: "Actions", hideTitle: true, cell: (/** @type {Account} */ one) => html`<${Actions} account=${one} isOwn=${one.name === own} open=${open} />` },
          ]}
        />`}
  `;
}

/** @param {{page: number, pages: number, onChange: (page: number) => void}} props */
function Pager({ page, pages, onChange }) {
  return html`<nav class="row row-end" aria-label="Pages of accounts">
    <${Button} small disabled=${page === 1} onClick=${() => onChange(page - 1)}>Previous<//>
    <span class="small muted">Page ${number(page)} of ${number(pages)}</span>
    <${Button} small disabled=${page === pages} onClick=${() => onChange(page + 1)}>Next<//>
  </nav>`;
}

/** @param {{account: Account, isOwn: boolean}} props */
function Name({ account, isOwn }) {
  return html`<span class="row" title=${`Created ${date(account.createdAt)}`}>
      <span class="account-name">${account.name}</span>
      ${isOwn && html`<${Badge} kind="lagoon">You<//>`}
      ${account.disabled && html`<${Badge} kind="bad">Disabled<//>`}
    </span>
    ${account.wallet && account.wallet !== account.name && html`<div class="small muted mono account-name">${account.wallet}</div>`}`;
}

/** An operator's own account cannot be disabled: nobody could enable it again. @param {{account: Account, isOwn: boolean, open: (form: OpenForm) => void}} props */
function Actions({ account, isOwn, open }) {
  const verb = account.disabled ? "Enable" : "Disable";
  const { name } = account;
  return html`<div class="table-actions">
    ${!isOwn && !account.disabled && html`<${Button} small kind="quiet" onClick=${() => open({ kind: "enter", account })} aria-label=${`Give access to ${name}`}>Give access<//>`}
    <${Button} small kind="quiet" onClick=${() => open({ kind: "grant", account })} aria-label=${`Grant funds to ${name}`}>Grant<//>
    <${Button} small kind="quiet" onClick=${() => open({ kind: "change", account })} aria-label=${`Change ${name}`}>Change<//>
    ${!isOwn && html`<${Button} small kind="quiet" onClick=${() => open({ kind: "switch", account })} aria-label=${`${verb} ${name}`}>${verb}<//>`}
  </div>`;
}
