/** Data that a block of a page loads on its own: one that is slow or fails holds up no other. */
import { useCallback, useEffect, useRef, useState } from "./ui.js";
import { ApiError } from "./api.js";

/**
 * @template T
 * @typedef {object} Resource
 * @property {T | null} data of the last success; it stays while it is loaded again
 * @property {ApiError | null} error of the last attempt
 * @property {boolean} loading
 * @property {() => void} reload
 * @property {(data: T) => void} setData replaces the data, such as by the response to a change
 */

/**
 * Load data when the component appears, whenever `inputs` change, and at an interval while the page is visible. A
 * response that takes longer than the interval is waited for.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {unknown[]} [inputs]
 * @param {{every_s?: number}} [options]
 * @returns {Resource<T>}
 */
export function useResource(load, inputs = [], { every_s = 0 } = {}) {
  const [state, setState] = useState(
    /** @type {{data: T | null, error: ApiError | null, loading: boolean}} */ ({ data: null, error: null, loading: true }),
  );
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const isLoading = useRef(true);
  const reload = useCallback(() => setTurn((before) => before + 1), []);

  useEffect(() => {
    const abort = new AbortController();
    isLoading.current = true;
    setState((before) => ({ ...before, loading: true }));
    const end = (/** @type {(before: typeof state) => typeof state} */ change) => {
      if (abort.signal.aborted) return;
      isLoading.current = false;
      setState(change);
    };
    latest.current(abort.signal).then(
      (data) => end(() => ({ data, error: null, loading: false })),
      (error) => end((before) => ({ ...before, error: asApiError(error), loading: false })),
    );
    return () => abort.abort();
  }, [turn, ...inputs]);

  useEffect(() => {
    if (!every_s) return undefined;
    const timer = setInterval(() => document.hidden || isLoading.current || reload(), every_s * 1000);
    return () => clearInterval(timer);
  }, [every_s, reload]);

  const setData = useCallback((/** @type {T} */ data) => setState({ data, error: null, loading: false }), []);
  return { ...state, reload, setData };
}

/**
 * Return an error as a person can act on it: a fault of the page itself, too.
 *
 * @param {unknown} error
 * @returns {ApiError}
 */
export function asApiError(error) {
  if (error instanceof ApiError) return error;
  console.error(error);
  return new ApiError({
    status: 0,
    code: "PAGE_FAULT",
    message: `This part of the page failed: ${error instanceof Error ? error.message : String(error)}`,
    remedy: "Reload the page. If it fails again, report it with this sentence.",
  });
}
