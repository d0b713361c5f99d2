/** What an engine's state means for calls. */
import { html } from "../lib/ui.js";
import { Badge } from "./badge.js";

/**
 * @typedef {"ready" | "loaded" | "loading" | "stopped" | "unreachable" | "missing" | "unknown"} State
 */

/** The states, those that need somebody first. @type {Record<State, {kind?: "good" | "caution" | "bad" | "lagoon", text: string, help?: string}>} */
export const ENGINE_STATES = {
  unreachable: { kind: "bad", text: "Unreachable", help: "It does not answer. Check that it runs and that its address is right; the server keeps trying." },
  loading: { kind: "lagoon", text: "Loading" },
  loaded: { kind: "good", text: "Loaded" },
  ready: { kind: "good", text: "Ready" },
  stopped: { text: "Stopped", help: "Starts with the next call of one of its models." },
  unknown: { text: "Not asked yet" },
  missing: { kind: "caution", text: "Not installed", help: "Its key, or the files of its models, are missing. Pull files on the page Models." },
};

/**
 * A state as a word in its colour.
 *
 * @param {{state: State}} props
 */
export function EngineState({ state }) {
  const { kind, text } = ENGINE_STATES[state] ?? { text: state }; // of a server that is newer than this page
  return html`<${Badge} kind=${kind} dot>${text}<//>`;
}

/** The order of engines: trouble first. @param {{state: State}} one @param {{state: State}} other */
export const byUrgency = (one, other) => rank(one.state) - rank(other.state);

/** @param {State} state */
const rank = (state) => Object.keys(ENGINE_STATES).indexOf(state);
