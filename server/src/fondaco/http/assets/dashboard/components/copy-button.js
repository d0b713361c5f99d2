/** A button that copies a text to the clipboard and says so. */
import { html, useEffect, useState } from "../lib/ui.js";
import { toast } from "./announcer.js";
import { Button } from "./button.js";

/**
 * @param {{text: string, label?: string, iconOnly?: boolean}} props `label`: what is copied, such as "Copy key"
 */
export function CopyButton({ text, label = "Copy", iconOnly = false }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    if (await copyText(text)) {
      setCopied(true);
      toast("Copied.");
    } else toast("The browser does not allow copying. Select the text and copy it by hand.", "error");
  };
  return html`<${Button} small kind="quiet" icon=${copied ? "check" : "copy"} label=${iconOnly ? label : undefined} onClick=${copy}>
    ${iconOnly ? null : label}
  <//>`;
}

/**
 * Copy a text; browsers offer the clipboard's API on https and on this machine alone.
 *
 * @param {string} text
 */
async function copyText(text) {
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
