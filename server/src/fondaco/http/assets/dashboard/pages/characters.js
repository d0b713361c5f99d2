/** Characters. */
import { html } from "../lib/ui.js";
import { Page } from "../components/page.js";

/** @param {{session: import("../lib/session.js").Session, route: import("../lib/router.js").Route}} props */
export default function Characters({ session, route }) {
  return html`<${Page} title="Characters"><//>`;
}
