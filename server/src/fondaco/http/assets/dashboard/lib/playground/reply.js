/**
 * Accumulates the chunks of a streamed chat completion into one reply.
 *
 * A reply is a value: `extended` returns a new one and leaves the old one as it was. Text is held in one string,
 * which engines append to in constant time.
 */

/**
 * @typedef {object} ToolCall
 * @property {string} id
 * @property {string} name
 * @property {string} arguments JSON, as far as it has arrived.
 * @property {Record<string, unknown>} [extra] Fields that engines attach and expect back.
 */

/**
 * @typedef {object} Citation
 * @property {string} title
 * @property {string} url
 * @property {string} [content]
 * @property {string} [date]
 */

/**
 * @typedef {object} WebNote
 * @property {string} code
 * @property {string} message
 * @property {string} [url]
 */

/**
 * @typedef {object} Usage
 * @property {number} prompt_tokens
 * @property {number} completion_tokens
 * @property {{cached_tokens?: number}} [prompt_tokens_details]
 * @property {{reasoning_tokens?: number}} [completion_tokens_details]
 */

/**
 * @typedef {object} Reply
 * @property {string} id The completion's id; empty before the first chunk.
 * @property {string} model The model that runs; empty before the first chunk.
 * @property {string} content
 * @property {string} reasoning
 * @property {string} refusal
 * @property {ToolCall[]} toolCalls
 * @property {Citation[]} citations
 * @property {WebNote[]} webNotes
 * @property {Record<string, unknown>} opaque Fields that an engine wants back with the message.
 * @property {Usage | null} usage
 * @property {string | null} finishReason
 * @property {{message: string, code: string} | null} error The error that ended the stream.
 */

/** @type {Reply} */
export const EMPTY_REPLY = Object.freeze({
  id: "",
  model: "",
  content: "",
  reasoning: "",
  refusal: "",
  toolCalls: [],
  citations: [],
  webNotes: [],
  opaque: {},
  usage: null,
  finishReason: null,
  error: null,
});

const OPAQUE = ["reasoning_details", "thinking_blocks", "provider_specific_fields", "extra_content", "reasoning_opaque"];
const OF_CALL = ["extra_content", "provider_specific_fields", "thought_signature"];

/** @param {unknown} value @returns {Record<string, any>} */
const record = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? /** @type {any} */ (value) : {};
/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");
/** @param {unknown} value @returns {any[]} */
const list = (value) => (Array.isArray(value) ? value : []);

/**
 * Return `reply` extended by one chunk. Nothing of a chunk is believed: what has another type counts as absent.
 *
 * @param {Reply} reply
 * @param {unknown} chunk
 * @returns {Reply}
 */
export function extended(reply, chunk) {
  const { id, model, choices, usage, venice_parameters, error, code } = record(chunk);
  if (error !== undefined) return { ...reply, error: failure(error, code) };
  const next = { ...reply, id: text(id) || reply.id, model: text(model) || reply.model };
  if (usage) next.usage = record(usage).completion_tokens === undefined ? next.usage : usage;
  const own = record(venice_parameters);
  if (own.web_search_citations) next.citations = list(own.web_search_citations).map(citation);
  if (own.web_notes) next.webNotes = list(own.web_notes).map(note);
  // The playground asks for one choice; of several, the first is shown.
  const choice = list(choices).map(record).find((one) => (one.index ?? 0) === 0);
  if (!choice) return next;
  const delta = record(choice.delta ?? choice.message);
  next.content += text(delta.content);
  next.reasoning += text(delta.reasoning_content);
  next.refusal += text(delta.refusal);
  if (list(delta.tool_calls).length > 0) next.toolCalls = withCalls(next.toolCalls, list(delta.tool_calls));
  for (const name of OPAQUE) {
    if (delta[name] != null) next.opaque = { ...next.opaque, [name]: joined(next.opaque[name], delta[name]) };
  }
  next.finishReason = text(choice.finish_reason) || next.finishReason;
  return next;
}

/**
 * Return whether anything of the answer has arrived.
 *
 * @param {Reply} reply
 */
export const hasBegun = (reply) =>
  Boolean(reply.content || reply.reasoning || reply.refusal || reply.toolCalls.length > 0);

/**
 * Return an error of a stream or a body, whichever of the API's two forms it has.
 *
 * @param {unknown} error A message, or an object that has one.
 * @param {unknown} code
 */
export function failure(error, code) {
  const object = record(error);
  return {
    message: text(error) || text(object.message) || "The stream ended with an error that names no reason.",
    code: text(code) || text(object.code).toUpperCase() || "UNKNOWN_ERROR",
  };
}

/**
 * @param {ToolCall[]} calls
 * @param {any[]} pieces
 */
function withCalls(calls, pieces) {
  const next = [...calls];
  pieces.map(record).forEach((piece, place) => {
    const index = Number.isInteger(piece.index) && piece.index >= 0 && piece.index < 128 ? piece.index : place;
    const before = next[index] ?? { id: "", name: "", arguments: "" };
    const called = record(piece.function);
    const extra = { ...before.extra };
    for (const name of OF_CALL) if (piece[name] != null) extra[name] = joined(extra[name], piece[name]);
    next[index] = {
      id: before.id || text(piece.id),
      name: before.name + text(called.name),
      arguments: before.arguments + text(called.arguments),
      ...(Object.keys(extra).length > 0 ? { extra } : {}),
    };
  });
  // An engine that skips an index leaves a gap; a call without a name cannot be answered.
  return Array.from(next, (call) => call ?? { id: "", name: "", arguments: "" });
}

/**
 * Return two pieces of an opaque field as one: lists are joined, and blocks of one type and index become one block,
 * because signatures cover the whole text.
 *
 * @param {unknown} before
 * @param {unknown} piece
 * @returns {unknown}
 */
function joined(before, piece) {
  if (before === undefined) return piece;
  if (typeof before === "string" && typeof piece === "string") return before + piece;
  if (!Array.isArray(before) || !Array.isArray(piece)) return piece;
  const blocks = [...before];
  for (const block of piece.map(record)) {
    const last = record(blocks.at(-1));
    const same = blocks.length > 0 && last.type === block.type && last.index === block.index;
    if (!same) {
      blocks.push(block);
      continue;
    }
    const whole = { ...last, ...block };
    for (const name of ["text", "thinking", "summary", "data", "signature"]) {
      if (typeof last[name] === "string" && typeof block[name] === "string") whole[name] = last[name] + block[name];
    }
    blocks[blocks.length - 1] = whole;
  }
  return blocks;
}

/** @param {unknown} value @returns {Citation} */
function citation(value) {
  const one = record(value);
  return { title: text(one.title) || text(one.url), url: text(one.url), content: text(one.content), date: text(one.date) };
}

/** @param {unknown} value @returns {WebNote} */
function note(value) {
  const one = record(value);
  return { code: text(one.code), message: text(one.message), url: text(one.url) };
}
