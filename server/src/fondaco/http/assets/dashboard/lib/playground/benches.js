/** Drafts, parameters and results of models that do not chat, by type; they end with the tab. */

import { createStore } from "../store.js";
import { refreshSession } from "../session.js";
import { EMPTY_DRAFT, perform } from "./bench.js";
import { problemOf } from "./chat.js";
import { EMPTY_REPLY } from "./reply.js";

/** @typedef {import("./bench.js").Draft} Draft */
/** @typedef {import("./bench.js").Result} Result */

/**
 * @typedef {object} Bench
 * @property {Draft} draft
 * @property {Record<string, unknown>} values Parameters that are set.
 * @property {Result[]} results The newest first.
 * @property {AbortController | null} running
 * @property {import("./problems.js").Problem | null} problem
 * @property {number} since When the problem came up.
 * @property {string} said
 */

/** How many results stay; files of older ones are given back. */
const KEPT = 20;

/** @type {Bench} */
const EMPTY = { draft: EMPTY_DRAFT, values: {}, results: [], running: null, problem: null, since: 0, said: "" };

/** @type {import("../store.js").Store<Record<string, Bench>>} */
export const benches = createStore(/** @type {Record<string, Bench>} */ ({}));

/** @param {Record<string, Bench>} all @param {string} type */
export const benchOf = (all, type) => all[type] ?? EMPTY;

/**
 * @param {string} type
 * @param {Partial<Bench>} change
 */
export function change(type, change) {
  const all = benches.get();
  benches.set({ ...all, [type]: { ...benchOf(all, type), ...change } });
}

/**
 * Make the call of a draft.
 *
 * @param {import("./models.js").Model} model
 * @param {Record<string, unknown>} fields
 * @param {boolean} isCharged
 */
export async function run(model, fields, isCharged) {
  const { draft, running } = benchOf(benches.get(), model.type);
  if (running) return;
  const abort = new AbortController();
  change(model.type, { running: abort, problem: null, said: "Started." });
  try {
    const result = await perform(model, draft, fields, isCharged, abort.signal);
    add(model.type, result);
    change(model.type, { running: null, said: "The result is here." });
  } catch (error) {
    const problem = abort.signal.aborted ? null : problemOf(error, EMPTY_REPLY);
    change(model.type, { running: null, problem, since: Date.now(), said: problem ? "" : "Stopped." });
  }
  void refreshSession();
}

/** @param {string} type @param {Result} result */
export function add(type, result) {
  const results = [result, ...benchOf(benches.get(), type).results];
  for (const old of results.slice(KEPT)) for (const { url } of old.files) URL.revokeObjectURL(url);
  change(type, { results: results.slice(0, KEPT) });
}

/** @param {string} type @param {string} id */
export function discard(type, id) {
  const { results } = benchOf(benches.get(), type);
  for (const { url } of results.find((one) => one.id === id)?.files ?? []) URL.revokeObjectURL(url);
  change(type, { results: results.filter((one) => one.id !== id) });
}
