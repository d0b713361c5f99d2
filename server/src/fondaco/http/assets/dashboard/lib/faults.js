/** Faults that the server finds in a request, by the field of the form. */
import { asApiError } from "./resource.js";

/**
 * Return what is wrong with a field, or null.
 *
 * @param {unknown} error
 * @param {string} path of the field in the request: "consumptionLimit.usd"
 * @returns {string | null}
 */
export function faultOf(error, path) {
  if (!error) return null;
  let node = /** @type {any} */ (asApiError(error).details);
  for (const step of path.split(".")) node = node?.[step];
  const faults = node?._errors;
  return Array.isArray(faults) && faults.length ? faults.join(" ") : null;
}

/**
 * Return whether one of the fields shows the error: else it belongs above the form.
 *
 * @param {unknown} error
 * @param {string[]} paths
 */
export const isShown = (error, paths) => paths.some((path) => faultOf(error, path) !== null);
