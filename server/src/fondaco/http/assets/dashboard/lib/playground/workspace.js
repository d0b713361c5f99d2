/**
 * The conversations of the playground, and the answers that are under way.
 *
 * They live outside of the page's components, so that an answer goes on while another page is shown.
 */

import { get } from "../api.js";
import { refreshSession } from "../session.js";
import { createStore } from "../store.js";
import { fromLedger } from "./charges.js";
import { answer, chatBody } from "./chat.js";
import * as tree from "./conversation.js";
import { eachFrame } from "./frames.js";
import { Saving } from "./saving.js";
import { Conversations } from "./storage.js";

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./conversation.js").Node} Node */
/** @typedef {import("./storage.js").Summary} Summary */
/** @typedef {import("../session.js").Session} Session */

/**
 * What a request needs beside the conversation.
 *
 * @typedef {object} Means
 * @property {import("./models.js").Model} model
 * @property {import("./parameters.js").Section[]} sections
 * @property {Session} session
 */

/**
 * @typedef {object} Workspace
 * @property {string} account Empty before conversations are opened.
 * @property {Summary[]} summaries The newest first.
 * @property {Conversation | null} current
 * @property {ReadonlySet<string>} running Ids of conversations whose answer is under way.
 * @property {boolean} isLasting Whether conversations survive the end of the tab.
 * @property {string} said The latest announcement for screen readers.
 * @property {Summary[]} dropped Conversations that were deleted, as there were too many.
 */

/** Where this tab notes which conversation it shows, so that a reload shows it again. */
const SHOWN = "fondaco-conversation";

/** How often an answer that is under way is saved, in milliseconds. */
const SAVE_MS = 2000;

/** @type {Workspace} */
const EMPTY = {
  account: "",
  summaries: [],
  current: null,
  running: new Set(),
  isLasting: true,
  said: "",
  dropped: [],
};

/** @type {import("../store.js").Store<Workspace>} */
export const workspace = createStore(EMPTY);

/**
 * Return the workspace without the messages: it stays the same while an answer streams.
 *
 * @param {Workspace} state
 */
export function headOf({ current, ...rest }) {
  const { id = "", model = "", system = "", parameters = NONE, nodes = NONE } = current ?? {};
  return { ...rest, id, model, system, parameters, isEmpty: Object.keys(nodes).length === 0 };
}

/** @typedef {ReturnType<typeof headOf>} Head */

const NONE = Object.freeze({});

let conversations = new Conversations("");
/** Conversations whose answer is under way, by id: they change also while another one is shown. */
const live = /** @type {Map<string, {conversation: Conversation, abort: AbortController}>} */ (new Map());

/** The id of the conversation that was asked for last: one that is read more slowly does not take its place. */
let wanted = "";

const saving = new Saving(save);
// A page that is hidden may never be shown again.
addEventListener("visibilitychange", () => document.hidden && void saving.all());
addEventListener("pagehide", () => void saving.all());

/** @param {Partial<Workspace>} change */
const set = (change) => workspace.set({ ...workspace.get(), ...change });

/**
 * Open the conversations of the session's account.
 *
 * @param {Session} session
 */
export async function open(session) {
  if (workspace.get().account === session.account) return;
  for (const { abort } of live.values()) abort.abort();
  live.clear();
  await saving.all(); // they belong to the account before
  conversations = await Conversations.of(session.account);
  const summaries = await conversations.list();
  const shown = await conversations.get(noted()).catch(() => null);
  const current = shown && tree.reopened(shown);
  workspace.set({ ...EMPTY, account: session.account, summaries, current, isLasting: conversations.isLasting });
}

/**
 * Begin a conversation. It is saved with its first message.
 *
 * @param {string} model
 * @param {Partial<Conversation>} [more]
 */
export function begin(model, more) {
  wanted = "";
  set({ current: tree.newConversation(model, more) });
  note("");
}

/** @param {string} id */
export async function show(id) {
  wanted = id;
  const running = live.get(id);
  note(id);
  if (running) {
    set({ current: running.conversation });
    return;
  }
  const found = saving.newer(id) ?? (await conversations.get(id));
  if (found && wanted === id) set({ current: tree.reopened(found) });
}

/** @param {string} id */
export async function remove(id) {
  live.get(id)?.abort.abort();
  live.delete(id);
  await saving.ended(id);
  await conversations.delete(id);
  const { current } = workspace.get();
  set({ summaries: await conversations.list(), current: current?.id === id ? null : current });
}

/** Delete every conversation of the account. */
export async function removeAll() {
  for (const { abort } of live.values()) abort.abort();
  live.clear();
  await saving.allEnded();
  await conversations.clear();
  set({ summaries: [], current: null });
}

/**
 * Change the conversation that is shown, and save it if it has messages.
 *
 * @param {(conversation: Conversation) => Conversation} change
 */
export function update(change) {
  const { current } = workspace.get();
  if (!current) return;
  const next = change(current);
  put(next);
  if (Object.keys(next.nodes).length > 0) saving.soon(next);
}

/**
 * Add a message of the user to what is shown, and have it answered.
 *
 * @param {{content: string, images: string[]}} message
 * @param {Means} means
 * @param {string} [parent] The message before; the last one that is shown, unless an earlier message is edited.
 */
export function say({ content, images }, means, parent) {
  const { current } = workspace.get();
  if (!current || live.has(current.id)) return;
  const last = parent ?? tree.shown(current).at(-1)?.id ?? "";
  const [next] = tree.added(current, last, { role: "user", content, images });
  put(next);
  void run(next, means);
}

/**
 * Answer a call of a function by hand; once all calls of the message have their results, the model goes on.
 *
 * @param {import("./reply.js").ToolCall} call
 * @param {string} content
 * @param {Means} means
 */
export function answerCall(call, content, means) {
  const { current } = workspace.get();
  if (!current || live.has(current.id)) return;
  const last = tree.shown(current).at(-1)?.id ?? "";
  const [next] = tree.added(current, last, { role: "tool", content, toolCallId: call.id, name: call.name });
  put(next);
  if (tree.openCalls(tree.shown(next)).length === 0) void run(next, means);
  else void saving.now(next);
}

/**
 * Have a message answered again, as another branch.
 *
 * @param {Node} node The answer that is retried.
 * @param {Means} means
 */
export function retry(node, means) {
  const { current } = workspace.get();
  if (!current || live.has(current.id)) return;
  void run(current, means, node.parent);
}

/** Stop the answer of the conversation that is shown. */
export function stop() {
  const { current } = workspace.get();
  if (current) live.get(current.id)?.abort.abort();
}

/**
 * @param {Conversation} conversation
 * @param {Means} means
 * @param {string} [parent] The message to answer; the last one unless given.
 */
async function run(conversation, means, parent) {
  const { model, sections, session } = means;
  const path = tree.shown(conversation);
  const last = parent ?? path.at(-1)?.id ?? "";
  const messages = path.slice(0, path.findIndex(({ id }) => id === last) + 1);
  const body = chatBody(model, conversation.system, messages, sections, conversation.parameters);
  const [begun, id] = tree.added(conversation, last, tree.begunAnswer());
  const abort = new AbortController();
  live.set(begun.id, { conversation: begun, abort });
  put(begun);
  set({ running: new Set(live.keys()), said: "The answer has begun." });
  await saving.now(begun);

  const change = (/** @type {Partial<import("./conversation.js").AssistantMessage>} */ part) => {
    const one = live.get(begun.id);
    if (one?.abort !== abort) return null; // deleted meanwhile
    return put(tree.changed(one.conversation, id, part));
  };
  const flush = eachFrame(change);
  let saved = performance.now();
  const end = await answer(body, model, session.tier.isCharged, abort.signal, (progress) => {
    flush.later(progress);
    const one = live.get(begun.id);
    if (one && performance.now() - saved > SAVE_MS) {
      saved = performance.now();
      saving.soon(tree.changed(one.conversation, id, progress));
    }
  });
  flush.cancel();
  const ended = change(end);
  if (!ended) return;
  live.delete(begun.id);
  set({ running: new Set(live.keys()), said: said(end) });
  await saving.now(ended);
  void refreshSession();
  await readCharge(ended.id, id, session);
}

/**
 * Replace a computed charge by the ledger's, for keys that may read it.
 *
 * @param {string} conversationId
 * @param {string} id
 * @param {Session} session
 */
async function readCharge(conversationId, id, session) {
  if (session.keyType !== "ADMIN") return;
  const of = (/** @type {Conversation | null | undefined} */ one) => one?.nodes[id];
  const held = live.get(conversationId)?.conversation ?? (await currentOrStored(conversationId));
  const node = of(held);
  if (node?.role !== "assistant" || !node.figures.requestId) return;
  const page = await get("api/v1/billing/usage", { limit: 50 }).catch(() => null);
  const charge = fromLedger(page, node.figures.requestId);
  const latest = live.get(conversationId)?.conversation ?? (await currentOrStored(conversationId));
  if (!charge || !latest) return;
  await saving.now(put(tree.changed(latest, id, { figures: { ...node.figures, charge } })));
}

/** @param {string} id */
async function currentOrStored(id) {
  const { current } = workspace.get();
  return current?.id === id ? current : (saving.newer(id) ?? conversations.get(id));
}

/**
 * Take over a new state of a conversation, wherever it is held.
 *
 * @param {Conversation} conversation
 */
function put(conversation) {
  const one = live.get(conversation.id);
  if (one) one.conversation = conversation;
  if (workspace.get().current?.id === conversation.id) set({ current: conversation });
  return conversation;
}

/** @param {Conversation} conversation */
async function save(conversation) {
  try {
    if (workspace.get().current?.id === conversation.id) note(conversation.id);
    const dropped = await conversations.put(conversation);
    set({ summaries: await conversations.list(), dropped });
  } catch {
    set({ isLasting: false }); // the browser's space is used up: the conversation stays in memory
  }
}

/** @param {string} id */
function note(id) {
  try {
    sessionStorage.setItem(SHOWN, id);
  } catch {
    // A browser that keeps nothing shows a new conversation after a reload.
  }
}

function noted() {
  try {
    return sessionStorage.getItem(SHOWN) ?? "";
  } catch {
    return "";
  }
}

/** @param {Partial<import("./conversation.js").AssistantMessage>} end */
function said({ state, problem, reply }) {
  if (state === "failed") return `${problem?.title}. ${problem?.message}`;
  const words = reply?.content.split(/\s+/).filter(Boolean).length ?? 0;
  const calls = reply?.toolCalls.length ?? 0;
  const length = calls > 0 ? `${calls} function ${calls === 1 ? "call" : "calls"}` : `${words} words`;
  return state === "stopped" ? `Stopped after ${length}.` : `The answer is complete: ${length}.`;
}
