/** One answer of a chat: the request, its stream, and what became of it. */

import { ApiError, send } from "../api.js";
import { eventsOf } from "../sse.js";
import { ofTokens } from "./charges.js";
import { wireMessages } from "./conversation.js";
import { fieldsOf } from "./parameters.js";
import { BROKEN_OFF, UNREACHABLE, ofEvent, ofResponse } from "./problems.js";
import { EMPTY_REPLY, extended, hasBegun } from "./reply.js";

/** @typedef {import("./conversation.js").AssistantMessage} AssistantMessage */
/** @typedef {import("./conversation.js").Node} Node */
/** @typedef {import("./models.js").Model} Model */
/** @typedef {import("./parameters.js").Section} Section */

/**
 * Return the body of a chat request.
 *
 * @param {Model} model
 * @param {string} system
 * @param {Node[]} messages
 * @param {Section[]} sections
 * @param {Record<string, unknown>} values Parameters that are set, by name.
 * @returns {Record<string, any>}
 */
export function chatBody(model, system, messages, sections, values) {
  const fields = /** @type {Record<string, any>} */ (fieldsOf(sections, values));
  if (!fields.tools?.length) {
    delete fields.tools;
    delete fields.tool_choice;
    delete fields.parallel_tool_calls;
  }
  const own = fields.venice_parameters;
  if (own && (own.enable_web_scraping || ["auto", "on"].includes(own.enable_web_search))) {
    own.include_search_results_in_stream = true;
  }
  return {
    model: model.id,
    messages: wireMessages(system, messages),
    ...fields,
    stream: true,
    stream_options: { include_usage: true },
  };
}

/**
 * Send a chat request and follow its stream to the end. It never rejects: what fails is part of the result.
 *
 * @param {Record<string, any>} body
 * @param {Model} model
 * @param {boolean} isCharged Whether the account's tier is charged.
 * @param {AbortSignal} signal Ends the request; the server then stops the engine.
 * @param {(progress: Partial<AssistantMessage>) => void} onProgress Called for each chunk.
 * @returns {Promise<Partial<AssistantMessage>>}
 */
export async function answer(body, model, isCharged, signal, onProgress) {
  const begun = performance.now();
  /** @type {import("./conversation.js").Figures} */
  const figures = { startedAt: Date.now(), firstTokenMs: null, durationMs: 0, charge: null, requestId: "", ignored: [] };
  let reply = EMPTY_REPLY;
  let isComplete = false;
  const ended = (/** @type {Partial<AssistantMessage>} */ end) => {
    figures.durationMs = performance.now() - begun;
    figures.charge = chargeOf(reply, model, isCharged);
    return { reply, problem: null, figures: { ...figures }, ...end };
  };
  try {
    const response = await send("api/v1/chat/completions", { method: "POST", body, signal, timeout_s: 0 });
    figures.requestId = response.headers.get("cf-ray") ?? "";
    figures.ignored = (response.headers.get("x-fondaco-ignored-params") ?? "").split(", ").filter(Boolean);
    for await (const chunk of chunksOf(response)) {
      // Read on to the end of the body: a connection that is closed before it counts as hung up.
      if (chunk === DONE) isComplete = true;
      if (isComplete) continue;
      reply = extended(reply, chunk);
      if (reply.error) return ended({ state: "failed", problem: ofEvent(reply.error) });
      if (figures.firstTokenMs === null && hasBegun(reply)) figures.firstTokenMs = performance.now() - begun;
      figures.durationMs = performance.now() - begun;
      onProgress({ reply, figures: { ...figures } });
    }
    return ended(isComplete ? { state: "complete" } : { state: "failed", problem: BROKEN_OFF });
  } catch (error) {
    if (isComplete) return ended({ state: "complete" });
    if (signal.aborted) return ended({ state: "stopped" });
    return ended({ state: "failed", problem: problemOf(error, reply) });
  }
}

/** The end of a complete stream. */
const DONE = Symbol("[DONE]");

/**
 * @param {Response} response
 * @returns {AsyncGenerator<unknown, void, void>} Chunks, then `DONE` if the stream says so.
 */
async function* chunksOf(response) {
  if (!response.body) return;
  for await (const { data } of eventsOf(response.body)) {
    yield data === "[DONE]" ? DONE : JSON.parse(data);
  }
}

/**
 * @param {unknown} error
 * @param {import("./reply.js").Reply} reply What had arrived by then.
 */
export function problemOf(error, reply) {
  if (error instanceof ApiError) {
    if (error.status === 0) return { ...UNREACHABLE, message: `${error.message} ${error.remedy}`.trim() };
    const { status, code, message, retryAfter_s } = error;
    return ofResponse({ status, code, message, retryAfterS: retryAfter_s ?? 0 });
  }
  return hasBegun(reply) || error instanceof SyntaxError ? BROKEN_OFF : UNREACHABLE;
}

/**
 * @param {import("./reply.js").Reply} reply
 * @param {Model} model
 * @param {boolean} isCharged
 */
function chargeOf(reply, model, isCharged) {
  if (!isCharged) return { usd: 0, diem: 0, isExact: true };
  // Searches and pages are charged beside the tokens, and only the ledger knows how many there were.
  if (!reply.usage || reply.citations.length > 0 || reply.webNotes.length > 0) return null;
  return ofTokens(model, reply.usage);
}
