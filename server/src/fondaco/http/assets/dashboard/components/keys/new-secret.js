/** A new key's secret, shown once. */
import { html, useRef } from "../../lib/ui.js";
import { url } from "../../lib/api.js";
import { Button } from "../button.js";
import { CodeBlock } from "../code-block.js";
import { CopyButton } from "../copy-button.js";
import { Dialog } from "../dialog.js";
import { Notice } from "../states.js";

/** @param {{secret: string, onClose: () => void}} props */
export function NewSecret({ secret, onClose }) {
  const code = useRef(/** @type {HTMLElement | null} */ (null));
  const select = () => {
    if (code.current) getSelection()?.selectAllChildren(code.current);
  };
  const example = `export OPENAI_BASE_URL=${url("api/v1")}\nexport OPENAI_API_KEY=${secret}`;
  return html`<${Dialog} title="Your new key" onClose=${onClose}>
    <div class="stack">
      <${Notice} kind="caution">Copy the key now. The server keeps only a hash of it, and cannot show it again.<//>
      <div class="secret">
        <code ref=${code} data-secret onClick=${select}>${secret}</code>
        <${CopyButton} text=${secret} label="Copy" />
      </div>
      <${CodeBlock} title="For programs made for OpenAI" code=${example} />
    </div>
    <div class="dialog-foot"><${Button} kind="primary" onClick=${onClose}>I have copied it<//></div>
  <//>`;
}
