/** How a program connects: the address, and a first call. */
import { html } from "../../lib/ui.js";
import { url } from "../../lib/api.js";
import { link } from "../../lib/router.js";
import { CodeBlock } from "../code-block.js";
import { Panel } from "../page.js";

/** A panel with the settings of clients. */
export function Connect() {
  const base = url("api/v1");
  const code = `export OPENAI_BASE_URL=${base}
export OPENAI_API_KEY=...        # a key of yours

curl $OPENAI_BASE_URL/chat/completions \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "default", "messages": [{"role": "user", "content": "Say hello."}]}'`;
  return html`<${Panel} title="Connect a program" actions=${html`<a href=${link("playground")}>Try it here first</a>`}>
    <div class="stack">
      <p class="muted">Programs made for OpenAI, Anthropic or Venice work with this address and a key.</p>
      <${CodeBlock} title="Shell" code=${code} />
    </div>
  <//>`;
}
