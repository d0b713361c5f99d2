/** The form that creates a key, or changes one. */
import { html, useState } from "../../lib/ui.js";
import { patch, post } from "../../lib/api.js";
import { faultOf } from "../../lib/faults.js";
import { utcDay } from "../../lib/usage.js";
import { Input, Select } from "../field.js";
import { FormDialog } from "../form-dialog.js";

const TYPES = [
  { value: "INFERENCE", label: "Inference: calls models" },
  { value: "ADMIN", label: "Admin: also manages keys, and reads usage" },
];
const EXPIRIES = [
  { value: "", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In one year" },
  { value: "date", label: "On a date" },
];
const SHOWN_FAULTS = ["description", "expiresAt", "consumptionLimit.diem", "consumptionLimit.usd"];

/**
 * @param {{changed?: import("../../pages/keys.js").Key, onClose: () => void, onDone: (key: any) => void}} props `changed`:
 *     the key to change; `onDone` receives the key as the server returns it, once the form is closed
 */
export function KeyForm({ changed, onClose, onDone }) {
  const [description, setDescription] = useState(changed?.description ?? "");
  const [type, setType] = useState(changed?.apiKeyType ?? "INFERENCE");
  const [expiry, setExpiry] = useState(changed?.expiresAt ? "kept" : "");
  const [day, setDay] = useState(changed?.expiresAt?.slice(0, 10) ?? "");
  const [diem, setDiem] = useState(String(changed?.consumptionLimits.diem ?? ""));
  const [usd, setUsd] = useState(String(changed?.consumptionLimits.usd ?? ""));

  const expiries = changed?.expiresAt
    ? [{ value: "kept", label: `On ${changed.expiresAt.slice(0, 16).replace("T", " at ")} UTC, as before` }, ...EXPIRIES]
    : EXPIRIES;
  const submit = async () => {
    const fields = {
      description,
      ...(expiry === "kept" ? {} : { expiresAt: endOf(expiry, day) }),
      consumptionLimit: { diem: amountOf(diem), usd: amountOf(usd) },
    };
    const reply = changed
      ? await patch("api/v1/api_keys", { id: changed.id, ...fields })
      : await post("api/v1/api_keys", { apiKeyType: type, ...fields });
    return () => onDone(reply.data);
  };

  return html`<${FormDialog} title=${changed ? "Change a key" : "Create a key"} action=${changed ? "Save" : "Create"}
    faults=${SHOWN_FAULTS} onSubmit=${submit} onClose=${onClose}>
    ${(/** @type {unknown} */ error) => html`
      <${Input} label="Description" hint="Which program uses the key, and where." required maxlength="256" autofocus
        value=${description} onInput=${setDescription} error=${faultOf(error, "description")} />
      ${!changed && html`<${Select} label="Type" value=${type} options=${TYPES} onChange=${setType} />`}
      <div class="form-columns">
        <${Select} label="Expires" value=${expiry} options=${expiries} onChange=${setExpiry}
          error=${expiry === "date" ? null : faultOf(error, "expiresAt")} />
        ${expiry === "date" &&
        html`<${Input} label="Expiry date" type="date" required min=${utcDay(-1)} value=${day} onInput=${setDay}
          hint="The key ends as this day begins, UTC." error=${faultOf(error, "expiresAt")} />`}
      </div>
      <fieldset>
        <legend class="field-label">Most that the key may spend in an epoch (a UTC day)</legend>
        <div class="form-columns">
          <${Input} label="DIEM" optional type="number" min="0" step="any" inputmode="decimal" placeholder="No limit"
            value=${diem} onInput=${setDiem} error=${faultOf(error, "consumptionLimit.diem")} />
          <${Input} label="US dollars" optional type="number" min="0" step="any" inputmode="decimal" placeholder="No limit"
            value=${usd} onInput=${setUsd} error=${faultOf(error, "consumptionLimit.usd")} />
        </div>
      </fieldset>
    `}
  <//>`;
}

/**
 * Return when a key expires, as the API takes it; null for never.
 *
 * @param {string} expiry
 * @param {string} day
 */
function endOf(expiry, day) {
  if (expiry === "") return null;
  return expiry === "date" ? day : utcDay(-Number(expiry));
}

/** @param {string} text @returns {number | null} */
const amountOf = (text) => (text.trim() === "" ? null : Number(text));
