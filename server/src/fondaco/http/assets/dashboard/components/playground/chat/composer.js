/** Where a person writes the next message. */
import { html, memo, useRef, useState } from "../../../lib/ui.js";
import { dataUrl } from "../../../lib/playground/bench.js";
import { EMPTY_DRAFT, draftOf, keepDraft } from "../../../lib/playground/drafts.js";
import { Button } from "../../button.js";
import { toast } from "../../announcer.js";

/** The API's own limits of pictures: docs of vision. */
const IMAGE_BYTES = 10 * 2 ** 20;
const IMAGES = 16;

/**
 * @param {{conversation: string, isRunning: boolean, hindrance: string, takesImages: boolean,
 *     onSend: (message: {content: string, images: string[]}) => void, onStop: () => void}} props `conversation`: the id of
 *     one, and of the draft; `hindrance`: why nothing can be sent; empty where it can
 */
export const Composer = memo(({ conversation, isRunning, hindrance, takesImages, onSend, onStop }) => {
  const [{ text, images }, setDraft] = useState(draftOf(conversation));
  const change = (/** @type {(before: import("../../../lib/playground/drafts.js").Draft) => import("../../../lib/playground/drafts.js").Draft} */ next) => {
    keepDraft(conversation, next(draftOf(conversation)));
    setDraft(draftOf(conversation));
  };
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null));
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const attached = takesImages ? images : [];
  const canSend = !isRunning && !hindrance && (text.trim() !== "" || attached.length > 0);
  const submit = () => {
    if (!canSend) return;
    onSend({ content: text, images: attached });
    change(() => EMPTY_DRAFT);
    field.current?.focus();
  };
  const attach = async (/** @type {Iterable<File>} */ files) => {
    const pictures = [...files].filter((file) => file.type.startsWith("image/"));
    const small = pictures.filter((file) => file.size <= IMAGE_BYTES);
    if (small.length < pictures.length) toast("A picture exceeds 10 MiB and was left out.", "error");
    const urls = await Promise.all(small.map(dataUrl));
    change((before) => ({ ...before, images: [...before.images, ...urls].slice(0, IMAGES) }));
  };
  return html`<form class="pg-composer" onSubmit=${(/** @type {Event} */ event) => (event.preventDefault(), submit())}>
    ${attached.length > 0 && html`<ul class="pg-attached" aria-label="Attached pictures">
      ${attached.map((image, place) => html`<li key=${place}>
        <img src=${image} alt=${`Picture ${place + 1}`} />
        <${Button} small kind="quiet" icon="close" label=${`Remove picture ${place + 1}`} onClick=${() => change((before) => ({ ...before, images: before.images.filter((_, other) => other !== place) }))} />
      </li>`)}
    </ul>`}
    <div class="pg-composer-box">
      <label class="visually-hidden" for="pg-message">Message</label>
      <textarea id="pg-message" ref=${field} rows="1" value=${text} placeholder="Message" aria-describedby="pg-keys"
        onInput=${(/** @type {any} */ event) => change((before) => ({ ...before, text: event.target.value }))}
        onPaste=${(/** @type {ClipboardEvent} */ event) => {
          if (takesImages && event.clipboardData?.files.length) void attach(event.clipboardData.files);
        }}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
          // While an input method composes a word, Enter ends the word.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          submit();
        }}></textarea>
      ${takesImages && html`<input ref=${chooser} type="file" accept="image/png,image/jpeg,image/webp,image/gif" multiple hidden
          onChange=${(/** @type {any} */ event) => (void attach(event.target.files), (event.target.value = ""))} />
        <${Button} kind="quiet" icon="upload" label="Attach pictures" onClick=${() => chooser.current?.click()} />`}
      ${isRunning
        ? html`<${Button} key="stop" icon="stop" label="Stop (Esc)" onClick=${onStop} />`
        : html`<${Button} key="send" kind="primary" icon="send" label="Send (Enter)" type="submit" disabled=${!canSend} />`}
    </div>
    <p class="pg-keys faint" id="pg-keys">${hindrance || "Enter sends, Shift+Enter breaks the line, Esc stops."}</p>
  </form>`;
});
