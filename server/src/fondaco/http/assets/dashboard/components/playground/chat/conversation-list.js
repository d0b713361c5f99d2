/** The conversations of this browser. */
import { html, useState } from "../../../lib/ui.js";
import { relative } from "../../../lib/format.js";
import { Button } from "../../button.js";
import { Confirm } from "../../dialog.js";

/** @typedef {import("../../../lib/playground/storage.js").Summary} Summary */

/**
 * @param {{summaries: Summary[], current: string, running: ReadonlySet<string>, isLasting: boolean, onShow: (id: string) => void,
 *     onNew: () => void, onDelete: (id: string) => Promise<void>, onDeleteAll: () => Promise<void>}} props
 */
export function ConversationList({ summaries, current, running, isLasting, onShow, onNew, onDelete, onDeleteAll }) {
  const [deleted, setDeleted] = useState(/** @type {Summary | "all" | null} */ (null));
  return html`<section class="pg-list" aria-label="Conversations">
    <div class="row row-between">
      <h2>Conversations</h2>
      <${Button} small icon="plus" onClick=${onNew}>New<//>
    </div>
    <ul>
      ${summaries.map((one) => html`<li key=${one.id} class="pg-list-item">
        <button type="button" class="pg-list-link" aria-current=${one.id === current ? "true" : undefined} onClick=${() => onShow(one.id)}>
          <span class="truncate">${one.title || "Without a text"}</span>
          <span class="faint small">${running.has(one.id) ? "answering" : relative(one.updatedAt)}</span>
        </button>
        <${Button} small kind="quiet" icon="trash" label=${`Delete conversation: ${one.title || "Without a text"}`} onClick=${() => setDeleted(one)} />
      </li>`)}
    </ul>
    <p class="small muted">${
      isLasting
        ? "Conversations are held in this browser alone, until you delete them. The server keeps none."
        : "This browser keeps no data for this page: conversations end with this tab. The server keeps none."
    }</p>
    ${summaries.length > 0 && html`<div><${Button} small kind="quiet" icon="trash" onClick=${() => setDeleted("all")}>Delete all<//></div>`}
    ${deleted && html`<${Confirm}
      title=${deleted === "all" ? "Delete all conversations?" : "Delete this conversation?"}
      action="Delete"
      onClose=${() => setDeleted(null)}
      onConfirm=${() => (deleted === "all" ? onDeleteAll() : onDelete(deleted.id))}>
      <p>${deleted === "all" ? `${summaries.length} conversations are` : `"${deleted.title}" is`} deleted from this browser, which is the only place that has ${deleted === "all" ? "them" : "it"}.</p>
    <//>`}
  </section>`;
}
