/** What an operator changes of accounts: creation, grants, tier and allocation, and whether they may call. */
import { html, useState } from "../../lib/ui.js";
import { patch, post } from "../../lib/api.js";
import { money } from "../../lib/format.js";
import { randomId } from "../../lib/ids.js";
import { toast } from "../announcer.js";
import { Confirm } from "../dialog.js";
import { Input, Select } from "../field.js";
import { FormDialog } from "../form-dialog.js";

/**
 * @typedef {object} Account
 * @property {string} name
 * @property {number} usd
 * @property {number} diem
 * @property {number} diemAllocation
 * @property {string} tier
 * @property {boolean} disabled
 * @property {string} createdAt
 * @property {string | null} wallet
 * @property {number} keys
 * @property {string | null} lastUsedAt
 */

/** @typedef {{id: string, isCharged: boolean}} Tier */
/** @typedef {{onChanged: (account: Account) => void, onClose: () => void}} Outcome */

const AMOUNT = { type: "number", min: "0", step: "any", inputmode: "decimal", required: true };

/** The operator's address of an account. @param {string} name */
export const address = (name) => `api/v1/operator/accounts/${encodeURIComponent(name)}`;

/** @param {Tier[]} tiers */
const tierOptions = (tiers) =>
  tiers.map(({ id, isCharged }) => ({ value: id, label: isCharged ? id : `${id} (calls are free)` }));

/** @param {{tiers: Tier[], onCreated: (account: Account) => void, onClose: () => void}} props */
export function CreateAccount({ tiers, onCreated, onClose }) {
  const [name, setName] = useState("");
  const [usd, setUsd] = useState("10");
  const [allocation, setAllocation] = useState("0");
  const [tier, setTier] = useState(tiers.find((one) => one.id === "paid")?.id ?? tiers[0]?.id ?? "");
  const create = async () => {
    const fields = { name: name.trim(), usd: Number(usd), diemAllocation: Number(allocation), tier };
    const account = await post("api/v1/operator/accounts", fields);
    return () => onCreated(account);
  };
  return html`<${FormDialog} title="Create account" action="Create" onSubmit=${create} onClose=${onClose}>
    <${Input} label="Name" value=${name} onInput=${setName} required maxlength="100" autocomplete="off" autofocus
      hint="Of a person, a team or a program. It cannot be changed." />
    <div class="form-columns">
      <${Input} label="First balance in USD" value=${usd} onInput=${setUsd} ...${AMOUNT} />
      <${Input} label="DIEM for each day" value=${allocation} onInput=${setAllocation} ...${AMOUNT} />
    </div>
    <${Select} label="Tier" value=${tier} onChange=${setTier} options=${tierOptions(tiers)} hint="Sets its rate limits, and whether its calls are charged." />
  <//>`;
}

/** @param {{account: Account} & Outcome} props */
export function GrantFunds({ account, onChanged, onClose }) {
  const [key] = useState(randomId); // of this dialog: a grant that is sent again, after a lost response, counts once
  const [usd, setUsd] = useState("");
  const [notes, setNotes] = useState("");
  const grant = async () => {
    onChanged(await post(`${address(account.name)}/grants`, { usd: Number(usd), notes }, { headers: { "idempotency-key": key } }));
    toast(`${account.name} received ${money(Number(usd))}.`);
  };
  return html`<${FormDialog} title=${`Grant funds to ${account.name}`} action="Grant" onSubmit=${grant} onClose=${onClose}>
    <${Input} label="Amount in USD" value=${usd} onInput=${setUsd} ...${AMOUNT} autofocus hint=${`Its balance is ${money(account.usd)}.`} />
    <${Input} label="Note" value=${notes} onInput=${setNotes} optional maxlength="200" hint="Stands in the ledger beside the grant." />
  <//>`;
}

/** @param {{account: Account, tiers: Tier[]} & Outcome} props */
export function ChangeAccount({ account, tiers, onChanged, onClose }) {
  const [tier, setTier] = useState(account.tier);
  const [allocation, setAllocation] = useState(String(account.diemAllocation));
  const change = async () => {
    onChanged(await patch(address(account.name), { tier, diemAllocation: Number(allocation) }));
    toast(`${account.name} is changed.`);
  };
  return html`<${FormDialog} title=${`Change ${account.name}`} action="Save" onSubmit=${change} onClose=${onClose}>
    <${Select} label="Tier" value=${tier} onChange=${setTier} options=${tierOptions(tiers)} hint="Sets its rate limits, and whether its calls are charged." />
    <${Input} label="DIEM for each day" value=${allocation} onInput=${setAllocation} ...${AMOUNT} hint="Days are UTC. More counts at once, less from the next day on." />
  <//>`;
}

/**
 * Disables an account after a confirmation, or enables it again.
 *
 * @param {{account: Account} & Outcome} props
 */
export function SwitchAccount({ account, onChanged, onClose }) {
  const verb = account.disabled ? "Enable" : "Disable";
  const change = async () => {
    onChanged(await patch(address(account.name), { disabled: !account.disabled }));
    toast(`${account.name} is ${account.disabled ? "enabled" : "disabled"}.`);
  };
  return html`<${Confirm} title=${`${verb} ${account.name}?`} action=${verb} onConfirm=${change} onClose=${onClose}>
    <p>
      ${account.disabled
        ? "Its keys work again at once, with the balance that it has."
        : "Its keys are refused at once, and its sessions end. Its balance and its keys stay; it can be enabled again."}
    </p>
  <//>`;
}
