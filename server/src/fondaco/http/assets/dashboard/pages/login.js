/** Login: by the link that the server prints, or by an API key. */
import { html, useState } from "../lib/ui.js";
import { asApiError } from "../lib/resource.js";
import { logIn } from "../lib/session.js";
import { Button } from "../components/button.js";
import { Input } from "../components/field.js";
import { Mark } from "../components/icon.js";
import { ErrorNotice, Notice } from "../components/states.js";

/** @param {{login: import("../lib/session.js").LoginState}} props */
export default function Login({ login }) {
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await logIn(key.trim());
    } catch (failure) {
      const { status, message, remedy } = asApiError(failure);
      setError(status === 401 ? "No active key is this one. Check that it is whole, and not revoked or expired." : `${message} ${remedy}`);
    }
    setBusy(false);
  };
  return html`<main class="login" id="main">
    <div class="login-card">
      <h1 class="wordmark"><${Mark} />Fondaco</h1>
      ${login.notice && html`<${Notice}>${login.notice}<//>`}
      ${login.error && html`<${ErrorNotice} error=${login.error} onRetry=${() => location.reload()} />`}
      <form class="panel panel-body form" onSubmit=${submit}>
        <${Input} label="API key" type="password" autocomplete="off" required value=${key} onInput=${setKey} error=${error}
          hint="The session has the rights of this key, and its usage is charged to it." />
        <${Button} type="submit" kind="primary" busy=${busy}>Log in<//>
      </form>
      <p class="muted small">
        No key at hand? Run <code>fondaco dashboard link</code> on the server: it prints a link that logs you in, once and
        within a few minutes. Each start of the server prints one, too.
      </p>
    </div>
  </main>`;
}
