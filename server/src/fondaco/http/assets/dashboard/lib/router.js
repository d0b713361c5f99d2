/** Routes in the fragment of the address: #/usage?days=7. */
import { createStore, useStore } from "./store.js";

/**
 * @typedef {object} Route
 * @property {string} path such as "usage"; "" for the first page
 * @property {string[]} rest further segments of the path, decoded: #/models/llama-3.3-70b has ["llama-3.3-70b"]
 * @property {Record<string, string>} query
 */

/**
 * Parse a fragment.
 *
 * @param {string} fragment
 * @returns {Route}
 */
export function parseRoute(fragment) {
  const [address, search = ""] = fragment.replace(/^#?\/?/, "").split("?", 2);
  const [path, ...rest] = address.split("/").map(decoded);
  return { path, rest: rest.filter(Boolean), query: Object.fromEntries(new URLSearchParams(search)) };
}

/**
 * Return the link to a route, for `href`. Values that are null, undefined or empty are left out.
 *
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} [query]
 */
export function link(path, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const search = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return `#/${path}${search ? `?${search}` : ""}`;
}

const store = createStore(parseRoute(location.hash));
let hasNavigated = false;

addEventListener("hashchange", () => {
  const route = parseRoute(location.hash);
  hasNavigated ||= pageOf(route) !== pageOf(store.get());
  store.set(route);
});

/** A route without its query, which only filters. @param {Route} route */
const pageOf = ({ path, rest }) => [path, ...rest].join("/");

/** The route, followed by the component. */
export const useRoute = () => useStore(store);

/**
 * Go to another route.
 *
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} [query]
 */
export function navigate(path, query) {
  location.hash = link(path, query);
}

/**
 * Change the query of this route without an entry in the history: for filters.
 *
 * @param {Record<string, string | number | null | undefined>} query
 */
export function replaceQuery(query) {
  const { path, rest } = store.get();
  history.replaceState(history.state, "", link([path, ...rest].map(encodeURIComponent).join("/"), query));
  store.set(parseRoute(location.hash));
}

/** Whether a page is shown by navigation here: only then does its heading take the focus. */
export const isNavigation = () => hasNavigated;

/** @param {string} segment */
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
