/** A word about a thing's state or kind. */
import { classes, html } from "../lib/ui.js";

/**
 * @param {{kind?: "good" | "caution" | "bad" | "lagoon", dot?: boolean, children?: any}} props `dot` for states that change
 */
export function Badge({ kind, dot, children }) {
  return html`<span class=${classes("badge", kind && `badge-${kind}`, dot && "badge-dot")}>${children}</span>`;
}
