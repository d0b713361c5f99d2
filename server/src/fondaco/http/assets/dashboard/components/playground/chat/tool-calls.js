/** Functions that a model calls, and the form in which a person answers. */
import { html, useState } from "../../../lib/ui.js";
import { Button } from "../../button.js";
import { Input } from "../../field.js";
import { Icon } from "../../icon.js";
import { Highlighted } from "../../markdown/highlighted.js";

/** @typedef {import("../../../lib/playground/reply.js").ToolCall} ToolCall */

/**
 * @param {{calls: ToolCall[], open: ToolCall[], isComplete: boolean, onAnswer?: (call: ToolCall, result: string) => void}}
 *     props `open`: those that wait for their result
 */
export function ToolCalls({ calls, open, isComplete, onAnswer }) {
  return calls.map((call, place) => html`<section key=${place} class="pg-call" aria-label=${`Call of ${call.name}`}>
    <p class="pg-call-name"><${Icon} name="api" /> <code>${call.name}</code></p>
    <pre tabindex="0" aria-label="Arguments"><code><${Highlighted} code=${pretty(call.arguments)} language=${isComplete ? "json" : ""} /></code></pre>
    ${isComplete && onAnswer && open.some(({ id }) => id === call.id) && html`<${Answer} call=${call} onAnswer=${onAnswer} />`}
  </section>`);
}

/** @param {{call: ToolCall, onAnswer: (call: ToolCall, result: string) => void}} props */
function Answer({ call, onAnswer }) {
  const [result, setResult] = useState("");
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onAnswer(call, result);
  };
  return html`<form class="stack stack-tight" onSubmit=${submit}>
    <${Input} multiline label=${`Result of ${call.name}`} value=${result} onInput=${setResult}
      hint="Run the function yourself and enter what it returns: text or JSON." />
    <div class="row row-end"><${Button} type="submit" small kind="primary" icon="send">Send result<//></div>
  </form>`;
}

/** @param {string} json */
function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
