/** Videos: quoted, queued, waited for, fetched. */

import { post, send } from "../api.js";

/**
 * Return what a video costs.
 *
 * @param {Record<string, unknown>} body
 * @param {AbortSignal} signal
 * @returns {Promise<number>} USD.
 */
export const quoted = async (body, signal) => (await post("api/v1/video/quote", body, { signal })).quote;

/**
 * Queue a video, which charges it once it is complete.
 *
 * @param {Record<string, unknown>} body
 * @param {string} orderId The same for each attempt of one order: one whose response was lost orders no second video.
 * @returns {Promise<{model: string, queueId: string}>} The id is a secret: who has it can fetch the video.
 */
export async function queued(body, orderId) {
  const headers = { "idempotency-key": orderId };
  const { model, queue_id } = await post("api/v1/video/queue", body, { headers, timeout_s: 0 });
  return { model, queueId: queue_id };
}

/**
 * Return the video, or how it gets on.
 *
 * @param {{model: string, queueId: string}} job
 * @param {AbortSignal} signal
 * @returns {Promise<{file: Blob} | {progress: number, isWaiting: boolean, spentMs: number}>}
 */
export async function retrieved({ model, queueId }, signal) {
  const response = await send("api/v1/video/retrieve", { method: "POST", body: { model, queue_id: queueId }, signal, timeout_s: 0 });
  if ((response.headers.get("content-type") ?? "").startsWith("video/")) return { file: await response.blob() };
  const { execution_duration } = await response.json();
  return {
    progress: Number(response.headers.get("x-fondaco-progress") ?? 0),
    isWaiting: response.headers.get("x-fondaco-queued") === "true",
    spentMs: execution_duration,
  };
}

/**
 * Have the server delete a video that has arrived.
 *
 * @param {{model: string, queueId: string}} job
 */
export const deleted = ({ model, queueId }) => post("api/v1/video/complete", { model, queue_id: queueId });

/* Jobs that wait, so that a reload of the tab does not lose them: their ids stay in this tab alone. */

const KEY = "fondaco-videos";

/**
 * @typedef {object} WaitingJob
 * @property {string} account Who ordered it; others who log in in this tab do not see it.
 * @property {string} model
 * @property {string} queueId
 * @property {string} prompt
 * @property {number} usd
 */

/** The jobs of an account. @param {string} account */
export const waiting = (account) => kept().filter((job) => job.account === account);

/** @returns {WaitingJob[]} */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {WaitingJob} job */
export const add = (job) => keep([...kept(), job]);

/** @param {WaitingJob} job */
export const forget = (job) => keep(kept().filter(({ queueId }) => queueId !== job.queueId));

/** @param {WaitingJob[]} jobs */
function keep(jobs) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(jobs));
  } catch {
    // A browser that keeps nothing loses the jobs at a reload; the page Video jobs still lists them.
  }
}
