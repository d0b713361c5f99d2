/** Whether a model answers, and if not, why. */
import { html } from "../../lib/ui.js";
import { Badge } from "../badge.js";

/** @typedef {"ready" | "missing" | "pulling" | "failed" | "unreachable" | "offline"} State */

/**
 * Return a model's state. A session that is no operator's learns only that a model is offline.
 *
 * @param {import("../../lib/catalogue.js").Model} model
 * @param {import("./downloads.js").Download | undefined} download of its files
 * @param {boolean} isOperator
 * @returns {State}
 */
export function stateOf(model, download, isOperator) {
  if (!model.model_spec.offline) return "ready";
  switch (download?.state) {
    case "available":
      return "missing";
    case "queued":
    case "running":
      return "pulling";
    case "failed":
      return "failed";
    default:
      return isOperator ? "unreachable" : "offline";
  }
}

/** @type {Record<State, {kind?: "good" | "caution" | "bad" | "lagoon", text: string, help: string}>} */
const STATES = {
  ready: { kind: "good", text: "Ready", help: "" },
  missing: { text: "Not installed", help: "Its files are not on this machine. Pull them once; the model serves as soon as they are here." },
  pulling: { kind: "lagoon", text: "Pulling", help: "Its files are being fetched. The model serves as soon as they are here." },
  failed: { kind: "bad", text: "Pull failed", help: "" },
  unreachable: { kind: "caution", text: "Unreachable", help: "None of its engines answers. The page Engines says since when, and why." },
  offline: {
    kind: "caution",
    text: "Offline",
    help: "Its files are not installed, or its engine does not answer. An operator of this server can change that.",
  },
};

/** @param {{state: State}} props */
export function ModelState({ state }) {
  const { kind, text } = STATES[state];
  return html`<${Badge} kind=${kind} dot>${text}<//>`;
}

/** What a state means for a person, where there is something to do. @param {State} state */
export const helpFor = (state) => STATES[state].help;
