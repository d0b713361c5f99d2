/** A message of a conversation, with what can be done about it. */
import { classes, html, memo, useLayoutEffect, useRef, useState } from "../../../lib/ui.js";
import { link } from "../../../lib/router.js";
import { Button } from "../../button.js";
import { CopyButton } from "../../copy-button.js";
import { focusFirst } from "../../use-modal.js";
import { Input } from "../../field.js";
import { Figures } from "./figures.js";
import { Markdown } from "../../markdown/markdown.js";
import { ProblemNotice } from "../problem-notice.js";
import { Reasoning } from "./reasoning.js";
import { Sources } from "./sources.js";
import { ToolCalls } from "./tool-calls.js";

/** @typedef {import("../../../lib/playground/conversation.js").Node} Node */

/**
 * What a message can have done to it; absent where an answer is under way.
 *
 * @typedef {object} Actions
 * @property {(node: Node) => void} retry
 * @property {(node: Node, content: string) => void} edit
 * @property {(call: import("../../../lib/playground/reply.js").ToolCall, result: string) => void} answerCall
 */

/**
 * Drawn again only where a property has changed: of a conversation that streams, the message that grows.
 *
 * @type {(props: {node: Node, place: number, count: number, onTurn: (node: Node, step: number) => void,
 *     actions: Actions | null, openCalls: import("../../../lib/playground/reply.js").ToolCall[]}) => any} `place`: among
 *     the `count` branches that begin where this message does; `openCalls`: calls of this message that wait for their
 *     result
 */
export const Message = memo(({ node, place, count, onTurn, actions, openCalls }) => {
  const switcher = count > 1 && html`<${Branches} ...${{ node, place, count, onTurn }} />`;
  if (node.role === "user") return html`<${UserMessage} ...${{ node, switcher, actions }} />`;
  if (node.role === "tool") {
    return html`<article class="pg-message pg-message-tool" aria-label=${`Result of ${node.name}`}>
      <p class="small muted">Result of <code>${node.name}</code></p>
      <pre class="pg-verbatim">${node.content}</pre>
      ${switcher}
    </article>`;
  }
  return html`<${AssistantMessage} ...${{ node, switcher, actions, openCalls }} />`;
});

/** @param {{node: any, switcher: any, actions: Actions | null}} props */
function UserMessage({ node, switcher, actions }) {
  const [edited, setEdited] = useState(/** @type {string | null} */ (null));
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const isEdited = edited !== null;
  useLayoutEffect(() => focusFirst(form.current), [isEdited]);
  const save = () => {
    if (edited === null || !edited.trim()) return;
    setEdited(null);
    actions?.edit(node, edited);
  };
  if (edited !== null) {
    return html`<form ref=${form} class="pg-message pg-edit" onSubmit=${(/** @type {Event} */ event) => (event.preventDefault(), save())}>
      <${Input} label="Edit message" multiline value=${edited} onInput=${setEdited} autofocus
        hint="Saving begins a new branch: the old message and its answers stay, behind the arrows below it."
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
          if (event.key === "Escape") setEdited(null);
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) (event.preventDefault(), save());
        }} />
      <div class="row row-end">
        <${Button} small onClick=${() => setEdited(null)}>Cancel<//>
        <${Button} small kind="primary" type="submit" disabled=${!edited.trim()}>Save and answer<//>
      </div>
    </form>`;
  }
  return html`<article class="pg-message pg-message-user" aria-label="You">
    <div class="pg-bubble">
      ${node.images.map((/** @type {string} */ image, /** @type {number} */ place) => html`<img key=${place} src=${image} alt=${`Attached picture ${place + 1}`} />`)}
      ${node.content && html`<p class="pg-verbatim-text">${node.content}</p>`}
    </div>
    <div class="pg-actions row">
      ${switcher}
      ${node.content && html`<${CopyButton} iconOnly text=${node.content} label="Copy message" />`}
      ${actions && html`<${Button} small kind="quiet" icon="edit" label="Edit message" onClick=${() => setEdited(node.content)} />`}
    </div>
  </article>`;
}

/**
 * @param {{node: any, switcher: any, actions: Actions | null,
 *     openCalls: import("../../../lib/playground/reply.js").ToolCall[]}} props
 */
function AssistantMessage({ node, switcher, actions, openCalls }) {
  const { reply, state, problem, figures } = node;
  const isStreaming = state === "streaming";
  const isEmpty = !reply.content && !reply.refusal && reply.toolCalls.length === 0;
  return html`<article class="pg-message pg-message-assistant" aria-label="Answer" aria-busy=${isStreaming ? "true" : "false"}>
    <p class="pg-model small muted">${reply.model || "Answer"}${isStreaming && isEmpty && !reply.reasoning && html` <span class="pg-waiting">is reading the prompt</span>`}</p>
    <${Reasoning} text=${reply.reasoning} isThinking=${isStreaming && isEmpty} tokens=${reply.usage?.completion_tokens_details?.reasoning_tokens} />
    ${reply.content && html`<${Markdown} text=${reply.content} isComplete=${!isStreaming} />`}
    ${reply.refusal && html`<p class="notice notice-caution pg-verbatim-text">The model refuses: ${reply.refusal}</p>`}
    <${ToolCalls} calls=${reply.toolCalls} open=${openCalls} onAnswer=${actions?.answerCall} isComplete=${!isStreaming} />
    <${Sources} citations=${reply.citations} notes=${reply.webNotes} />
    ${problem && html`<${ProblemNotice} problem=${problem} since=${figures.startedAt + figures.durationMs} onRetry=${actions ? () => actions.retry(node) : undefined} />`}
    ${!isStreaming && isEmpty && !problem && html`<p class="muted">${state === "stopped" ? "Stopped before the answer began." : "The answer is empty."}</p>`}
    ${figures.ignored.length > 0 && html`<p class="small muted">No effect on this model: ${figures.ignored.join(", ")}.</p>`}
    <div class="pg-foot">
      <${Figures} node=${node} />
      <div class=${classes("pg-actions row", isStreaming && "pg-hidden")}>
        ${switcher}
        ${reply.content && html`<${CopyButton} iconOnly text=${reply.content} label="Copy answer" />`}
        ${actions && html`<${Button} small kind="quiet" icon="retry" label="Retry: another answer, this one stays" onClick=${() => actions.retry(node)} />`}
      </div>
    </div>
    ${problem?.page === "login" && html`<a href=${link("")}>Log in again</a>`}
  </article>`;
}

/** @param {{node: Node, place: number, count: number, onTurn: (node: Node, step: number) => void}} props */
function Branches({ node, place, count, onTurn }) {
  const go = (/** @type {number} */ step) => () => onTurn(node, step);
  return html`<span class="pg-branches" role="group" aria-label="Branches">
    <button type="button" class="button button-quiet button-small button-icon" aria-label="Earlier branch" disabled=${place <= 0} onClick=${go(-1)}>‹</button>
    <span class="small">${place + 1} / ${count}</span>
    <button type="button" class="button button-quiet button-small button-icon" aria-label="Later branch" disabled=${place >= count - 1} onClick=${go(1)}>›</button>
  </span>`;
}
