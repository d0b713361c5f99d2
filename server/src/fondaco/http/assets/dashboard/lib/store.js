/** A value outside of components that components follow. */
import { useEffect, useState } from "./ui.js";

/**
 * @template T
 * @typedef {object} Store
 * @property {() => T} get
 * @property {(value: T) => void} set
 * @property {(listener: (value: T) => void) => () => void} subscribe calls back after each change, until the returned
 *     function is called
 */

/**
 * Create a store.
 *
 * @template T
 * @param {T} initial
 * @returns {Store<T>}
 */
export function createStore(initial) {
  let current = initial;
  /** @type {Set<(value: T) => void>} */
  const listeners = new Set();
  return {
    get: () => current,
    set(value) {
      if (Object.is(value, current)) return;
      current = value;
      for (const listener of [...listeners]) listener(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/**
 * Return a store's value, and render again after each change of it.
 *
 * @template T
 * @param {Store<T>} store
 * @returns {T}
 */
export const useStore = (store) => useSelected(store, whole);

/**
 * Return a part of a store's value, and render again only where one of the part's fields has changed.
 *
 * @template T, S
 * @param {Store<T>} store
 * @param {(value: T) => S} select The same function for each rendering.
 * @returns {S}
 */
export function useSelected(store, select) {
  const [value, setValue] = useState(() => select(store.get()));
  useEffect(() => {
    const take = (/** @type {T} */ changed) => {
      const next = select(changed);
      setValue((/** @type {S} */ before) => (isSame(before, next) ? before : next));
    };
    take(store.get());
    return store.subscribe(take);
  }, [store, select]);
  return value;
}

/** @template T @param {T} value */
const whole = (value) => value;

/**
 * Whether two values are one, or objects whose fields are.
 *
 * @param {unknown} one
 * @param {unknown} other
 */
export function isSame(one, other) {
  if (Object.is(one, other)) return true;
  if (!isPlain(one) || !isPlain(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => name in other && Object.is(one[name], other[name]));
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isPlain = (value) => typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
