/** A request as code, in several languages. */
import { html, useMemo, useState } from "../../lib/ui.js";
import { url } from "../../lib/api.js";
import { samplesOf } from "../../lib/playground/samples.js";
import { CodeBlock } from "../code-block.js";
import { Dialog } from "../dialog.js";
import { Segments } from "../field.js";
import { Highlighted } from "../markdown/highlighted.js";

/** The language that was looked at last. */
let latest = "";

/**
 * @param {{request: import("../../lib/playground/samples.js").SampleRequest, onClose: () => void}} props
 */
export function CodeDialog({ request, onClose }) {
  const samples = useMemo(() => samplesOf(request, url("api/v1")), [request]);
  const [name, setName] = useState(latest);
  const sample = samples.find((one) => one.name === name) ?? samples[0];
  const choose = (/** @type {string} */ next) => {
    latest = next;
    setName(next);
  };
  return html`<${Dialog} wide title="View as code" onClose=${onClose}>
    <div class="stack">
      <div class="pg-scroll"><${Segments} label="Language" value=${sample.name} onChange=${choose}
        options=${samples.map((one) => ({ value: one.name, label: one.name }))} /></div>
      <${CodeBlock} key=${sample.name} code=${sample.code} title=${sample.name}>
        <${Highlighted} code=${sample.code} language=${sample.language} />
      <//>
      <p class="muted small">The key is read from the environment: create one on the page Keys.${
        request.attachments.length > 0 && " Files are read from the folder that the code runs in."
      }</p>
    </div>
  <//>`;
}
