/** A conversation, and where it goes on. */
import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../../../lib/ui.js";
import { branchesOf, openCalls, shown, turned } from "../../../lib/playground/conversation.js";
import { hindrance } from "../../../lib/playground/models.js";
import * as work from "../../../lib/playground/workspace.js";
import { useSelected } from "../../../lib/store.js";
import { Button } from "../../button.js";
import { EmptyState } from "../../states.js";
import { Composer } from "./composer.js";
import { Message } from "./message.js";

/** How near to its end a list counts as read to the end, in pixels. */
const NEAR = 64;

/** Of messages without open calls: one list, so that they are not drawn again. @type {never[]} */
const NO_CALLS = [];

/** @param {import("../../../lib/playground/workspace.js").Workspace} state */
const currentOf = ({ current }) => current;

/** @param {any} node @param {number} step */
const turn = (node, step) => work.update((one) => turned(one, node, step));

/**
 * @param {{isRunning: boolean, means: import("../../../lib/playground/workspace.js").Means}} props `means`: the same
 *     object as long as none of its fields changes
 */
export function ChatView({ isRunning, means }) {
  // Here, not above: while an answer streams, nothing but the conversation is drawn again.
  const conversation = useSelected(work.workspace, currentOf);
  return conversation && html`<${Shown} conversation=${conversation} isRunning=${isRunning} means=${means} />`;
}

/**
 * @param {{conversation: import("../../../lib/playground/conversation.js").Conversation, isRunning: boolean,
 *     means: import("../../../lib/playground/workspace.js").Means}} props
 */
function Shown({ conversation, isRunning, means }) {
  const messages = shown(conversation);
  const branches = branchesOf(conversation);
  const why = hindrance(means.model);
  const calls = openCalls(messages);
  const asked = calls.length > 0 ? messages.findLast(({ role }) => role === "assistant") : null;
  const actions = useMemo(
    () => isRunning || why ? null : {
      retry: (/** @type {any} */ node) => work.retry(node, means),
      edit: (/** @type {any} */ node, /** @type {string} */ content) => work.say({ content, images: node.images }, means, node.parent),
      answerCall: (/** @type {any} */ call, /** @type {string} */ result) => work.answerCall(call, result, means),
    },
    [isRunning, why, means],
  );
  const { list, content, isAtEnd, goToEnd } = useEnd(conversation.id);

  useEffect(() => {
    if (!isRunning) return undefined;
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) work.stop();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [isRunning]);

  const send = useCallback((/** @type {{content: string, images: string[]}} */ message) => {
    work.say(message, means);
    goToEnd();
  }, [means]);
  const blocked = why ? `${means.model.model_spec.name} ${why}.` : calls.length > 0 ? "Answer the function calls above, or edit the message." : "";
  return html`<div class="pg-chat">
    <div class="pg-messages" ref=${list} tabindex="0" role="region" aria-label="Conversation">
      <div class="pg-column" ref=${content}>
        ${messages.length === 0 && html`<${EmptyState} icon="playground" title=${why ? `${means.model.model_spec.name} cannot be tried here` : `Ask ${means.model.model_spec.name}`}>
          <p>${why ? `It ${why}.` : "Requests go to this server with the parameters that you set. Each is charged to your account."}</p>
          ${!why && html`<p class="small">The conversation is held in this browser alone, until you delete it.</p>`}
          ${why.startsWith("is not installed") && html`<a href="#/models">Open Models to install it</a>`}
        <//>`}
        ${messages.map((node) => {
          const beside = branches.get(node.parent) ?? [];
          return html`<${Message} key=${node.id} node=${node} place=${beside.indexOf(node.id)} count=${beside.length}
            onTurn=${turn} actions=${actions} openCalls=${node === asked ? calls : NO_CALLS} />`;
        })}
      </div>
    </div>
    ${!isAtEnd && html`<div class="pg-jump"><${Button} small icon="chevron" class="pg-down" label="Go to the end" onClick=${goToEnd} /></div>`}
    <div class="pg-compose"><div class="pg-column">
      <${Composer} key=${conversation.id} conversation=${conversation.id} isRunning=${isRunning} hindrance=${blocked}
        takesImages=${means.model.model_spec.capabilities?.supportsVision === true} onSend=${send} onStop=${work.stop} />
    </div></div>
  </div>`;
}

/**
 * Keep a list scrolled to its end while it grows, unless the reader has scrolled away.
 *
 * @param {string} key Changes with what is listed.
 */
function useEnd(key) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const content = useRef(/** @type {HTMLElement | null} */ (null));
  const follows = useRef(true);
  const [isAtEnd, setAtEnd] = useState(true);

  const goToEnd = useCallback(() => {
    follows.current = true;
    const element = list.current;
    if (element) element.scrollTop = element.scrollHeight;
  }, []);
  useLayoutEffect(goToEnd, [key]);
  useEffect(() => {
    const element = /** @type {HTMLElement} */ (list.current);
    let height = element.scrollHeight;
    const look = () => {
      const { scrollHeight, scrollTop, clientHeight } = element;
      const near = scrollHeight - scrollTop - clientHeight < NEAR;
      // What grew below is no sign that the reader has scrolled.
      if (near || scrollHeight === height) follows.current = near;
      height = scrollHeight;
      setAtEnd(follows.current);
    };
    const observer = new ResizeObserver(() => {
      if (follows.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(/** @type {HTMLElement} */ (content.current));
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  return { list, content, isAtEnd, goToEnd };
}
