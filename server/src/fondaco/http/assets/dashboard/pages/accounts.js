/** Accounts. */
import { html } from "../lib/ui.js";
import { Page } from "../components/page.js";

/** @param {{session: import("../lib/session.js").Session, route: import("../lib/router.js").Route}} props */
export default function Accounts({ session, route }) {
  return html`<${Page} title="Accounts"><//>`;
}
