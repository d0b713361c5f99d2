/** Preact, its hooks and htm: every module takes them from here. */
import { Component, h } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { Component, Fragment, createContext, createRef, h, render } from "../vendor/preact.js";
export {
  useCallback,
  useContext,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "../vendor/preact-hooks.js";

/**
 * What a component may return or take as a child.
 *
 * @typedef {import("../vendor/preact.js").ComponentChildren} Children
 */

/**
 * Markup as a tagged template: html`<p class="muted">${text}</p>`. Values are escaped.
 *
 * @type {(strings: TemplateStringsArray, ...values: any[]) => any}
 */
export const html = htm.bind(h);

/**
 * Join the class names that apply: classes("button", busy && "is-busy").
 *
 * @param {...(string | false | null | undefined)} names
 */
export const classes = (...names) => names.filter(Boolean).join(" ");

/**
 * Return a component that renders again only where one of its properties has changed, or its own state.
 *
 * @template P
 * @param {(props: P) => any} component
 * @returns {(props: P) => any}
 */
export function memo(component) {
  class Memo extends Component {
    /** @override @param {any} next */
    shouldComponentUpdate(next) {
      const before = /** @type {any} */ (this.props);
      return Object.keys({ ...before, ...next }).some((name) => !Object.is(before[name], next[name]));
    }

    /** @override @param {any} props */
    render(props) {
      return h(/** @type {any} */ (component), props);
    }
  }
  return /** @type {any} */ (Memo);
}
