/** The ways into an account, for an operator to hand on: a login link for its owner, a key for a program. */
import { html, useState } from "../../lib/ui.js";
import { post } from "../../lib/api.js";
import { dateTime } from "../../lib/format.js";
import { Button } from "../button.js";
import { CodeBlock } from "../code-block.js";
import { Dialog } from "../dialog.js";
import { ErrorNotice } from "../states.js";
import { address } from "./account-forms.js";

/**
 * @param {{account: import("./account-forms.js").Account, isNew: boolean, onChanged: (account: import("./account-forms.js").Account) => void,
 *     onClose: () => void}} props
 */
export function WayIn({ account, isNew, onChanged, onClose }) {
  const { name } = account;
  const link = useMade(() => post(`${address(name)}/login-links`, undefined));
  const key = useMade(async () => {
    const made = await post(`${address(name)}/keys`, { apiKeyType: "INFERENCE", description: isNew ? "First key" : "Of an operator" });
    onChanged({ ...account, keys: account.keys + 1 });
    return made;
  });
  return html`<${Dialog} title=${isNew ? `${name} is created` : `Give access to ${name}`} onClose=${onClose}>
    <div class="stack">
      <section class="stack stack-tight">
        <h3>For its owner: a login link</h3>
        <p class="muted">It opens this dashboard as the account, once. Its owner then creates and revokes keys there.</p>
        ${link.made
          ? html`<${CodeBlock} title=${`Valid once, until ${dateTime(link.made.expiresAt)}`} code=${link.made.url} />`
          : html`<div><${Button} icon="external" busy=${link.busy} onClick=${link.make}>Make a login link<//></div>`}
        ${link.error !== null && html`<${ErrorNotice} error=${link.error} />`}
      </section>
      <section class="stack stack-tight">
        <h3>For a program: a key</h3>
        <p class="muted">An inference key calls models, and is charged to the account.</p>
        ${key.made
          ? html`<${CodeBlock} title="Copy it now: the server cannot show it again" code=${key.made.data.apiKey} />`
          : html`<div><${Button} icon="keys" busy=${key.busy} onClick=${key.make}>Create ${isNew ? "its first" : "a"} key<//></div>`}
        ${key.error !== null && html`<${ErrorNotice} error=${key.error} />`}
      </section>
    </div>
    <div class="dialog-foot"><${Button} kind="primary" onClick=${onClose}>Done<//></div>
  <//>`;
}

/**
 * Something that is made at a click, once.
 *
 * @param {() => Promise<any>} making
 */
function useMade(making) {
  const [state, setState] = useState({ made: /** @type {any} */ (null), busy: false, error: /** @type {unknown} */ (null) });
  const make = async () => {
    setState({ made: null, busy: true, error: null });
    try {
      setState({ made: await making(), busy: false, error: null });
    } catch (error) {
      setState({ made: null, busy: false, error });
    }
  };
  return { ...state, make };
}
