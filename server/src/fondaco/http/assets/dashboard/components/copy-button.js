/** A button that copies a text to the clipboard and says so. */
import { html, useEffect, useState } from "../lib/ui.js";
import { Button } from "./button.js";

const SAID_MS = 4000;
const BY_HAND = "The browser does not allow copying. Select the text and copy it by hand.";

/**
 * @param {{text: string, label?: string, iconOnly?: boolean}} props `label`: what is copied, such as "Copy key"
 */
export function CopyButton({ text, label = "Copy", iconOnly = false }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => setSaid((await copyText(text)) ? "Copied." : BY_HAND);
  const failed = said === BY_HAND;
  return html`<${Button} small kind="quiet" icon=${failed ? "warning" : said ? "check" : "copy"} label=${iconOnly ? label : undefined} onClick=${copy}>
      ${iconOnly ? null : label}
    <//>
    <span role="status" class=${failed ? "small" : "visually-hidden"}>${said}</span>`;
}

/**
 * Copy a text; browsers offer the clipboard's API on https and on this machine alone.
 *
 * @param {string} text
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    const before = document.activeElement;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (before instanceof HTMLElement) before.focus();
    return done;
  }
}
