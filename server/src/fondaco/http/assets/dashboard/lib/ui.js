/** Preact, its hooks and htm: every module takes them from here. */
import { h } from "../vendor/preact.js";
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
