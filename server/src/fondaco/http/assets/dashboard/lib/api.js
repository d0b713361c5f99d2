/**
 * Requests to the server that serves this page.
 *
 * Paths are relative to the page, without a leading slash ("api/v1/models"), since the server may be mounted below
 * a path. Each request carries the session's cookie and the header without which a cookie counts for nothing.
 */
import { pageHalf, takePageHalf } from "./page-half.js";

/**
 * @typedef {object} RequestOptions
 * @property {string} [method] "GET" unless given
 * @property {Record<string, string | number | boolean | string[] | null | undefined>} [query] null, undefined and empty
 *     texts are left out; a list is joined by commas
 * @property {unknown} [body] sent as JSON; FormData and Blob as they are
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {number} [timeout_s] for the head of the response, and again for its body: 30 unless given; 0: none
 */

/** A response that reports an error, or a request that got no response. */
export class ApiError extends Error {
  /**
   * @param {object} facts
   * @param {number} facts.status 0 without a response
   * @param {string} facts.code identifier of the error, for programs
   * @param {string} facts.message what happened
   * @param {string} [facts.remedy] what to do, where the message does not say it
   * @param {unknown} [facts.details] faults of the request's fields, as a tree
   * @param {number | null} [facts.retryAfter_s]
   */
  constructor({ status, code, message, remedy = "", details = null, retryAfter_s = null }) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.remedy = remedy;
    this.details = details;
    this.retryAfter_s = retryAfter_s;
  }
}

/** Most attempts for a request that only reads. */
const ATTEMPTS = 3;
const TRANSIENT = new Set([502, 503, 504]);

/** @type {Set<() => void>} */
const unauthorizedListeners = new Set();

/**
 * Call back when the server no longer accepts the session.
 *
 * @param {() => void} listener
 */
export function onUnauthorized(listener) {
  unauthorizedListeners.add(listener);
}

/**
 * Return the URL of a path of the server.
 *
 * @param {string} path
 * @param {RequestOptions["query"]} [query]
 */
export function url(path, query = {}) {
  const address = new URL(path, document.baseURI);
  address.hash = "";
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    address.searchParams.set(name, Array.isArray(value) ? value.join(",") : String(value));
  }
  return address.href;
}

/**
 * Send a request and return its response, whose body is still to be read: for streams, which take as long as they do.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<Response>}
 * @throws {ApiError} for a status of 400 or above, and where there is no response
 */
export const send = (path, options = {}) => received(path, options, (response) => response);

/**
 * Send a request and return the body of its response as a file.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<Blob>}
 * @throws {ApiError} as `send`, and where the body does not arrive
 */
export const file = (path, options = {}) => received(path, options, (response) => response.blob());

/**
 * Send a request, and return what `read` makes of its response.
 *
 * Requests that only read are repeated when the server cannot be reached or is starting; writes are sent once.
 *
 * @template T
 * @param {string} path
 * @param {RequestOptions} options
 * @param {(response: Response) => T | Promise<T>} read
 * @returns {Promise<T>}
 */
async function received(path, options, read) {
  const attempts = (options.method ?? "GET") === "GET" ? ATTEMPTS : 1;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sendOnce(path, options, read);
    } catch (error) {
      const again = error instanceof ApiError && (error.status === 0 || TRANSIENT.has(error.status));
      if (!again || error.code === "TIMED_OUT" || attempt >= attempts) throw error;
      await pause(300 * 2 ** (attempt - 1), options.signal);
    }
  }
}

/**
 * Send a request and return the JSON of its response; null for an empty one.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<any>}
 * @throws {ApiError} as `file`
 */
export async function request(path, options = {}) {
  const text = await received(path, options, (response) => response.text());
  return text === "" ? null : JSON.parse(text);
}

/** @param {string} path @param {RequestOptions["query"]} [query] @param {AbortSignal} [signal] */
export const get = (path, query, signal) => request(path, { query, signal });
/** @param {string} path @param {unknown} body @param {RequestOptions} [options] */
export const post = (path, body, options) => request(path, { ...options, method: "POST", body });
/** @param {string} path @param {unknown} body @param {RequestOptions} [options] */
export const patch = (path, body, options) => request(path, { ...options, method: "PATCH", body });
/** @param {string} path @param {RequestOptions} [options] */
export const del = (path, options) => request(path, { ...options, method: "DELETE" });

/**
 * @template T
 * @param {string} path
 * @param {RequestOptions} options
 * @param {(response: Response) => T | Promise<T>} read
 * @returns {Promise<T>}
 */
async function sendOnce(path, { method = "GET", query, body, headers = {}, signal, timeout_s = 30 }, read) {
  const limit = new AbortController();
  const begin = () => (timeout_s ? setTimeout(() => limit.abort(), timeout_s * 1000) : undefined);
  let timer = begin();
  const isJson = body !== undefined && !(body instanceof FormData) && !(body instanceof Blob);
  try {
    const response = await fetch(url(path, query), {
      method,
      credentials: "same-origin",
      cache: "no-store",
      headers: {
        "x-fondaco-dashboard": pageHalf(),
        ...(isJson ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      body: isJson ? JSON.stringify(body) : /** @type {BodyInit | undefined} */ (body),
      signal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal,
    });
    clearTimeout(timer);
    timer = begin();
    takePageHalf(response.headers.get("x-fondaco-dashboard"));
    if (response.ok) return await read(response);
    const error = await errorOf(response);
    if (response.status === 401) for (const listener of unauthorizedListeners) listener();
    throw error;
  } catch (error) {
    if (signal?.aborted || error instanceof ApiError) throw error;
    throw limit.signal.aborted ? timedOut(timeout_s) : unreachable();
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Return the error that a response reports, in the shape of any dialect of the API.
 *
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
export async function errorOf(response) {
  let body = /** @type {any} */ (null);
  try {
    body = await response.json();
  } catch {
    body = null; // a proxy's page, or a connection that ended
  }
  const told = typeof body?.error === "string" ? body.error : body?.error?.message;
  const retryAfter = Number(response.headers.get("retry-after"));
  return new ApiError({
    status: response.status,
    code: body?.code ?? body?.error?.code ?? `HTTP_${response.status}`,
    message: told ?? `The server answered with status ${response.status}.`,
    remedy: told ? "" : "Try again; if this stays, look into the server's log.",
    details: body?.details ?? null,
    retryAfter_s: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
  });
}

const unreachable = () =>
  new ApiError({
    status: 0,
    code: "UNREACHABLE",
    message: "The server cannot be reached.",
    remedy: "Check that it is running and that this device is connected, then retry.",
  });

/** @param {number} timeout_s */
const timedOut = (timeout_s) =>
  new ApiError({
    status: 0,
    code: "TIMED_OUT",
    message: `The server has not answered wholly within ${timeout_s} seconds.`,
    remedy: "It may be busy. Retry in a moment.",
  });

/**
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
