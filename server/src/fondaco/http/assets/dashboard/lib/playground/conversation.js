/**
 * Conversations as trees: editing a message or retrying an answer adds a branch, and loses nothing.
 *
 * Every function returns a new conversation and leaves the old one as it was.
 */

import { randomId } from "../ids.js";
import { EMPTY_REPLY } from "./reply.js";

/** @typedef {import("./reply.js").Reply} Reply */

/**
 * What an answer took and cost.
 *
 * @typedef {object} Figures
 * @property {number} startedAt Milliseconds since 1970.
 * @property {number | null} firstTokenMs From sending to the first piece of the answer; null before it.
 * @property {number} durationMs From sending to the end, or until now.
 * @property {import("./charges.js").Charge | null} charge Null where it is not known.
 * @property {string} requestId The request's id (`cf-ray`), for the server's log.
 * @property {string[]} ignored Parameters that had no effect.
 */

/**
 * What went wrong, and what a person can do.
 *
 * @typedef {import("./problems.js").Problem} Problem
 */

/**
 * @typedef {object} UserMessage
 * @property {"user"} role
 * @property {string} content
 * @property {string[]} images Data URLs.
 */

/**
 * @typedef {object} ToolMessage
 * @property {"tool"} role
 * @property {string} content
 * @property {string} toolCallId
 * @property {string} name The function that was called.
 */

/**
 * @typedef {object} AssistantMessage
 * @property {"assistant"} role
 * @property {Reply} reply
 * @property {"streaming" | "complete" | "stopped" | "failed"} state
 * @property {Problem | null} problem
 * @property {Figures} figures
 */

/** @typedef {UserMessage | ToolMessage | AssistantMessage} Message */
/** @typedef {Message & {id: string, parent: string}} Node The parent of a first message is `""`. */

/**
 * @typedef {object} Conversation
 * @property {string} id
 * @property {string} title The beginning of the first message; empty before it.
 * @property {number} createdAt Milliseconds since 1970.
 * @property {number} updatedAt
 * @property {string} model
 * @property {string} system The system prompt; empty for none.
 * @property {Record<string, unknown>} parameters Those that were set, by name.
 * @property {Record<string, Node>} nodes
 * @property {Record<string, string>} chosen Parent -> the child that is shown.
 */

const TITLE_LENGTH = 60;

/**
 * @param {string} model
 * @param {Partial<Conversation>} [more]
 * @returns {Conversation}
 */
export function newConversation(model, more = {}) {
  const now = Date.now();
  return {
    id: randomId(),
    title: "",
    createdAt: now,
    updatedAt: now,
    model,
    system: "",
    parameters: {},
    nodes: {},
    chosen: {},
    ...more,
  };
}

/**
 * Return the messages that are shown, first to last.
 *
 * @param {Conversation} conversation
 * @returns {Node[]}
 */
export function shown(conversation) {
  const path = [];
  let id = conversation.chosen[""];
  // The bound ends a circle, which only a damaged record could have.
  for (let left = Object.keys(conversation.nodes).length; id && left > 0; left -= 1) {
    const node = conversation.nodes[id];
    if (!node) break;
    path.push(node);
    id = conversation.chosen[id];
  }
  return path;
}

/**
 * Return the ids of the branches that begin where a message does, in the order of their making, by the id of their
 * parent.
 *
 * @param {Conversation} conversation
 * @returns {Map<string, string[]>}
 */
export function branchesOf(conversation) {
  const branches = /** @type {Map<string, string[]>} */ (new Map());
  for (const { id, parent } of Object.values(conversation.nodes)) {
    const some = branches.get(parent);
    if (some) some.push(id);
    else branches.set(parent, [id]);
  }
  return branches;
}

/**
 * Add a message below `parent`, and show it.
 *
 * @param {Conversation} conversation
 * @param {string} parent The id of the message before; `""` for none.
 * @param {Message} message
 * @returns {[Conversation, string]} The conversation, and the id of the new message.
 */
export function added(conversation, parent, message) {
  const id = randomId();
  const title =
    conversation.title || (message.role === "user" ? titleOf(message.content) : conversation.title);
  const next = {
    ...conversation,
    title,
    updatedAt: Date.now(),
    nodes: { ...conversation.nodes, [id]: { ...message, id, parent } },
    chosen: { ...conversation.chosen, [parent]: id },
  };
  return [next, id];
}

/**
 * Change fields of an assistant's message.
 *
 * @param {Conversation} conversation
 * @param {string} id
 * @param {Partial<AssistantMessage>} change
 * @returns {Conversation} The conversation itself where the message was deleted meanwhile.
 */
export function changed(conversation, id, change) {
  const node = conversation.nodes[id];
  if (!node || node.role !== "assistant") return conversation;
  return {
    ...conversation,
    updatedAt: Date.now(),
    nodes: { ...conversation.nodes, [id]: { ...node, ...change } },
  };
}

/**
 * Show a branch beside a message.
 *
 * @param {Conversation} conversation
 * @param {Node} node
 * @param {number} step How many branches on; back where it is negative.
 * @returns {Conversation} The conversation itself where there is no such branch.
 */
export function turned(conversation, node, step) {
  const branches = branchesOf(conversation).get(node.parent) ?? [];
  const id = branches[branches.indexOf(node.id) + step];
  return id ? { ...conversation, chosen: { ...conversation.chosen, [node.parent]: id } } : conversation;
}

/**
 * Return a conversation as it is after the page was closed: answers that were under way count as stopped.
 *
 * @param {Conversation} conversation
 * @returns {Conversation}
 */
export function reopened(conversation) {
  const nodes = Object.fromEntries(
    Object.entries(conversation.nodes).map(([id, node]) => [
      id,
      node.role === "assistant" && node.state === "streaming" ? { ...node, state: "stopped" } : node,
    ]),
  );
  return { ...conversation, nodes: /** @type {Record<string, Node>} */ (nodes) };
}

/** @returns {AssistantMessage} */
export const begunAnswer = () => ({
  role: "assistant",
  reply: EMPTY_REPLY,
  state: "streaming",
  problem: null,
  figures: { startedAt: Date.now(), firstTokenMs: null, durationMs: 0, charge: null, requestId: "", ignored: [] },
});

/**
 * Return the calls of the last answer that have no result yet.
 *
 * @param {Node[]} messages
 */
export function openCalls(messages) {
  const answered = new Set();
  for (const node of [...messages].reverse()) {
    if (node.role === "tool") answered.add(node.toolCallId);
    else if (node.role === "assistant") return node.reply.toolCalls.filter((call) => !answered.has(call.id));
    else return [];
  }
  return [];
}

/**
 * Return the messages of a request.
 *
 * @param {string} system
 * @param {Node[]} messages
 * @returns {Record<string, unknown>[]}
 */
export function wireMessages(system, messages) {
  const wire = messages.map(wireMessage).filter((message) => message !== null);
  return system.trim() ? [{ role: "system", content: system }, ...wire] : wire;
}

/**
 * @param {Node} node
 * @returns {Record<string, unknown> | null} Null for an answer of which nothing has arrived.
 */
function wireMessage(node) {
  if (node.role === "tool") return { role: "tool", tool_call_id: node.toolCallId, content: node.content };
  if (node.role === "user") {
    if (node.images.length === 0) return { role: "user", content: node.content };
    const images = node.images.map((url) => ({ type: "image_url", image_url: { url } }));
    const text = node.content ? [{ type: "text", text: node.content }] : [];
    return { role: "user", content: [...text, ...images] };
  }
  const { reply } = node;
  const calls = reply.toolCalls.filter((call) => call.name && call.id);
  if (!reply.content && !reply.refusal && calls.length === 0) return null;
  return {
    role: "assistant",
    content: reply.content || null,
    ...(reply.refusal ? { refusal: reply.refusal } : {}),
    ...(reply.reasoning && calls.length > 0 ? { reasoning_content: reply.reasoning } : {}),
    ...(calls.length > 0 ? { tool_calls: calls.map(wireCall) } : {}),
    ...reply.opaque,
  };
}

/** @param {import("./reply.js").ToolCall} call */
const wireCall = (call) => ({
  id: call.id,
  type: "function",
  function: { name: call.name, arguments: call.arguments },
  ...call.extra,
});

/** @param {string} content */
function titleOf(content) {
  const line = content.trim().split("\n", 1)[0].trim();
  const letters = [...line];
  return letters.length > TITLE_LENGTH ? `${letters.slice(0, TITLE_LENGTH - 1).join("").trimEnd()}…` : line;
}
