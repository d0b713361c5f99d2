/** Sums of usage as the server groups them, brought into the shape of charts and tables. */
import { get } from "./api.js";

/**
 * @typedef {object} UsageRow a sum; only the fields that were grouped by are there
 * @property {string} [date] UTC day
 * @property {string} [model]
 * @property {string | null} [keyId]
 * @property {string} [keyDescription]
 * @property {string} [sku]
 * @property {number} calls that have a charge in this sum: one call counts for each of its SKUs
 * @property {number} [units] million tokens, or images; of a SKU alone
 * @property {number} usd
 * @property {number} diem
 */

/** @typedef {"day" | "model" | "key" | "sku"} Dimension */

/** What sums are grouped by. @type {{id: Dimension, label: string}[]} */
export const DIMENSIONS = [
  { id: "model", label: "model" },
  { id: "key", label: "key" },
  { id: "day", label: "day" },
  { id: "sku", label: "SKU" },
];

/**
 * Read sums of usage.
 *
 * @param {Dimension[]} groupBy
 * @param {string} startDate UTC day, included, as is the last
 * @param {string} endDate
 * @param {AbortSignal} [signal]
 * @returns {Promise<UsageRow[]>}
 */
export const usageSums = async (groupBy, startDate, endDate, signal) =>
  (await get("api/v1/billing/usage/summary", { groupBy, startDate, endDate }, signal)).data;

/**
 * Return a UTC day as the API writes it.
 *
 * @param {number} [daysAgo]
 * @param {number} [now] Unix milliseconds
 */
export const utcDay = (daysAgo = 0, now = Date.now()) => new Date(now - daysAgo * 86_400_000).toISOString().slice(0, 10);

/**
 * Return every day from the first to the last.
 *
 * @param {string} first
 * @param {string} last
 * @returns {string[]}
 */
export function daysBetween(first, last) {
  const days = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += 86_400_000) days.push(utcDay(0, at));
  return days;
}

/**
 * Add rows up by what `nameOf` names, in order of first appearance.
 *
 * @param {UsageRow[]} rows
 * @param {(row: UsageRow) => string} nameOf
 * @returns {Map<string, UsageRow>} each sum with the other fields of its first row
 */
export function sumBy(rows, nameOf) {
  /** @type {Map<string, UsageRow>} */
  const sums = new Map();
  for (const row of rows) {
    const name = nameOf(row);
    const sum = sums.get(name);
    sums.set(name, sum ? added(sum, row) : row);
  }
  return sums;
}

/** The sum of no rows. */
export const NOTHING = Object.freeze({ calls: 0, usd: 0, diem: 0 });

/**
 * Add rows up.
 *
 * @param {UsageRow[]} rows
 * @returns {UsageRow}
 */
export const total = (rows) => rows.reduce(added, /** @type {UsageRow} */ (NOTHING));

/**
 * @param {UsageRow} one
 * @param {UsageRow} other
 */
const added = (one, other) => ({
  ...one,
  calls: one.calls + other.calls,
  units: (one.units ?? 0) + (other.units ?? 0),
  usd: exact(one.usd + other.usd),
  diem: exact(one.diem + other.diem),
});

/** Round to the nano-units of the ledger: binary fractions leave dust behind. @param {number} amount */
const exact = (amount) => Math.round(amount * 1e9) / 1e9;
