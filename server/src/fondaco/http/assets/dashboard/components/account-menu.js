/** Who is logged in, by which key, and the way out. */
import { html, useEffect, useId, useRef, useState } from "../lib/ui.js";
import { url } from "../lib/api.js";
import { asApiError } from "../lib/resource.js";
import { logOut, logOutEverywhere } from "../lib/session.js";
import { toast } from "./announcer.js";
import { Confirm } from "./dialog.js";
import { Icon } from "./icon.js";

/** @param {{session: import("../lib/session.js").Session}} props */
export function AccountMenu({ session }) {
  const [open, setOpen] = useState(false);
  const [asks, setAsks] = useState(false);
  const id = useId();
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));

  useEffect(() => {
    if (!open) return undefined;
    const outside = (/** @type {Event} */ event) => {
      if (!element.current?.contains(/** @type {Node} */ (event.target))) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
    };
  }, [open]);

  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !open) return;
    event.preventDefault();
    setOpen(false);
    element.current?.querySelector("button")?.focus();
  };
  const leave = async () => {
    try {
      await logOut();
    } catch (error) {
      toast(`You are still logged in. ${asApiError(error).message}`, "error");
    }
  };

  const ask = () => {
    element.current?.querySelector("button")?.focus(); // to which the focus returns
    setOpen(false);
    setAsks(true);
  };

  return html`<div class="menu" ref=${element} onKeyDown=${onKeyDown}>
    <button type="button" class="menu-button" aria-expanded=${open ? "true" : "false"} aria-controls=${id} onClick=${() => setOpen(!open)}>
      <span class="menu-who">
        <span class="menu-account truncate">${session.account}</span>
        <span class="faint small truncate">${session.operator ? "Operator" : session.keyType === "ADMIN" ? "Admin key" : "Inference key"}</span>
      </span>
      <${Icon} name="chevron" />
    </button>
    <div class="menu-list" id=${id} hidden=${!open}>
      <p class="menu-note">Key: ${session.keyDescription}</p>
      ${session.docs && html`<a class="menu-item" href=${url("docs/")}><${Icon} name="docs" />Documentation</a>`}
      <a class="menu-item" href=${url("doc")}><${Icon} name="api" />API reference</a>
      <button type="button" class="menu-item" onClick=${leave}><${Icon} name="logout" />Log out</button>
      <button type="button" class="menu-item" onClick=${ask}><${Icon} name="logout" />Log out everywhere</button>
      <p class="menu-note faint">Fondaco ${session.version}</p>
    </div>
    ${asks && html`<${Confirm} title="Log out everywhere?" action="Log out everywhere" onConfirm=${logOutEverywhere} onClose=${() => setAsks(false)}>
      <p>
        ${session.keyType === "ADMIN"
          ? "All sessions of this account end, in every browser and of every command, and login links that nobody used yet become void."
          : "All sessions of this key end, in every browser."}
        ${" "}Keys stay, and programs that use them go on.
      </p>
    <//>`}
  </div>`;
}
