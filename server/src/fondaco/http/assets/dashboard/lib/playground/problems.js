/**
 * What went wrong with a request, in words that say what to do.
 *
 * The API's own message says what happened, why and how to fix it; here it gets a heading, and a step that the page
 * itself can offer.
 */

/**
 * @typedef {object} Problem
 * @property {string} title
 * @property {string} message
 * @property {string} advice Empty where the message says all.
 * @property {string} code
 * @property {number} status 0 where there is no response.
 * @property {number} retryAfterS Seconds to wait before a retry; 0: at once.
 * @property {boolean} canRetry Whether the same request may succeed later.
 * @property {"" | "models" | "limits" | "login"} page The page that helps.
 */

const KEPT = "What arrived until then is kept.";

/** @type {Record<string, Partial<Problem>>} */
const BY_CODE = {
  INSUFFICIENT_BALANCE: {
    title: "The balance does not suffice",
    advice: "Lower max_completion_tokens, or ask the operator for funds: fondaco balance grant.",
    canRetry: true,
  },
  KEY_LIMIT_REACHED: {
    title: "The key's limit is reached",
    advice: "Wait for the next epoch at 00:00 UTC, or raise the key's limit on the page Keys.",
    canRetry: true,
  },
  RATE_LIMIT_EXCEEDED: { title: "Too many requests", page: "limits", canRetry: true },
  MODEL_NOT_INSTALLED: { title: "The model is not installed", page: "models", canRetry: true },
  MODEL_AT_CAPACITY: {
    title: "The model cannot answer now",
    advice: "Its engine is loading, busy or not running. Try again, or choose another model.",
    canRetry: true,
  },
  INFERENCE_FAILED: { title: "The engine failed", advice: "Try again, or choose another model.", canRetry: true },
  UPSCALE_FAILED: { title: "The engine failed", advice: "Try again, or send another picture.", canRetry: true },
  INFERENCE_TIMEOUT: {
    title: "The engine took too long",
    advice: "Try again, or ask for less.",
    canRetry: true,
  },
  CONTEXT_LENGTH_EXCEEDED: {
    title: "The conversation is too long for this model",
    advice: "Edit an earlier message, begin a new conversation, or lower max_completion_tokens.",
  },
  INVALID_MODEL: { title: "The model cannot do this", advice: "Choose another model, or turn the parameter off." },
  INVALID_REQUEST: { title: "The request is not valid" },
  MODEL_NOT_FOUND: { title: "There is no such model", page: "models" },
  MODEL_GONE: { title: "The model was retired", page: "models" },
  CHARACTER_NOT_FOUND: { title: "There is no such character", advice: "Choose another one in the parameters." },
  SHUTTING_DOWN: { title: "The server is shutting down", canRetry: true },
  STORAGE_FAILED: { title: "The ledger cannot be written", canRetry: true },
};

/**
 * Return the problem of an error response.
 *
 * @param {{status: number, code: string, message: string, retryAfterS?: number}} error
 * @returns {Problem}
 */
export function ofResponse({ status, code, message, retryAfterS = 0 }) {
  const known = BY_CODE[code.toUpperCase()] ?? ofStatus(status);
  return {
    title: "The request failed",
    advice: "",
    canRetry: status >= 500 || status === 408 || status === 429,
    page: "",
    ...known,
    message,
    code,
    status,
    retryAfterS,
  };
}

/**
 * Return the problem of a stream that ended with an error event.
 *
 * @param {{message: string, code: string}} error
 * @returns {Problem}
 */
export function ofEvent({ message, code }) {
  const problem = ofResponse({ status: 0, code, message });
  return { ...problem, canRetry: true, advice: `${KEPT} ${problem.advice}`.trim() };
}

/** A stream that ended before its end was announced. @type {Problem} */
export const BROKEN_OFF = {
  title: "The answer broke off",
  message: "The connection closed before the answer was complete.",
  advice: `${KEPT} Try again; if it happens often, look at the proxy between browser and server.`,
  code: "STREAM_CUT",
  status: 0,
  retryAfterS: 0,
  canRetry: true,
  page: "",
};

/** A request that reached no server. @type {Problem} */
export const UNREACHABLE = {
  title: "The server does not answer",
  message: "No connection to the server: it is not running, restarts, or the network is down.",
  advice: "Start it with fondaco serve, then try again. Your text is kept.",
  code: "UNREACHABLE",
  status: 0,
  retryAfterS: 0,
  canRetry: true,
  page: "",
};

/** @param {number} status @returns {Partial<Problem>} */
function ofStatus(status) {
  if (status === 401) {
    return { title: "The session has ended", advice: "Log in again; your conversations are kept.", page: "login", canRetry: true };
  }
  if (status === 402) return { title: "The balance does not suffice", canRetry: true };
  if (status === 413) return { title: "The request is too large", advice: "Send fewer or smaller files." };
  if (status === 429) return { title: "Too many requests", page: "limits", canRetry: true };
  if (status === 503) return { title: "The server is busy", canRetry: true };
  return {};
}
