/** Whether a model answers, and if not, why. */
import { html } from "../../lib/ui.js";
import { Badge } from "../badge.js";

/** @typedef {"ready" | "missing" | "pulling" | "failed" | "unreachable" | "withdrawn"} State */

/**
 * Return a model's state. Only an operator's session learns how the download of its files gets on.
 *
 * @param {import("../../lib/catalogue.js").Model} model
 * @param {import("./downloads.js").Download | undefined} download of its files
 * @returns {State}
 */
export function stateOf({ model_spec: { offline, offlineReason } }, download) {
  if (!offline) return "ready";
  if (offlineReason !== "not_installed") return offlineReason ?? "unreachable";
  switch (download?.state) {
    case "queued":
    case "running":
      return "pulling";
    case "failed":
      return "failed";
    default:
      return "missing";
  }
}

/** @type {Record<State, {kind?: "good" | "caution" | "bad" | "lagoon", text: string, help: string}>} */
const STATES = {
  ready: { kind: "good", text: "Ready", help: "" },
  missing: { text: "Not installed", help: "Its files are not on this machine. An operator pulls them once; the model serves as soon as they are there." },
  pulling: { kind: "lagoon", text: "Pulling", help: "Its files are being fetched. The model serves as soon as they are here." },
  failed: { kind: "bad", text: "Pull failed", help: "" },
  unreachable: {
    kind: "caution",
    text: "Unreachable",
    help: "None of its engines answers. An operator sees on the page Engines since when, and why.",
  },
  withdrawn: { text: "Withdrawn", help: "An operator of this server has taken it off." },
};

/** @param {{state: State}} props */
export function ModelState({ state }) {
  const { kind, text } = STATES[state];
  return html`<${Badge} kind=${kind} dot>${text}<//>`;
}

/** What a state means for a person, where there is something to do. @param {State} state */
export const helpFor = (state) => STATES[state].help;
