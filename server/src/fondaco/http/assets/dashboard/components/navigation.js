/** The navigation: a column beside the page, or a bar with a drawer where there is little room. */
import { html, useEffect, useState } from "../lib/ui.js";
import { link } from "../lib/router.js";
import { PAGES } from "../pages.js";
import { AccountMenu } from "./account-menu.js";
import { Button } from "./button.js";
import { Icon, Mark } from "./icon.js";
import { cancelling, useModal } from "./use-modal.js";

/** @typedef {{session: import("../lib/session.js").Session, path: string}} NavigationProps */

/** The product's name, which leads to the first page. */
export function Wordmark() {
  return html`<a class="wordmark" href=${link("")}><${Mark} />Fondaco</a>`;
}

/** @param {NavigationProps} props */
export function SideNavigation({ session, path }) {
  return html`<header class="frame-side">
    <div class="frame-side-view">
      <${Wordmark} />
      <${Links} session=${session} path=${path} />
      <div class="nav-foot"><${AccountMenu} session=${session} /></div>
    </div>
  </header>`;
}

/** @param {NavigationProps} props */
export function TopNavigation({ session, path }) {
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  return html`<header class="frame-top">
    <${Button} kind="quiet" icon="menu" label="Menu" onClick=${() => setOpen(true)} aria-haspopup="dialog" aria-expanded=${open ? "true" : "false"} />
    <${Wordmark} />
    ${open && html`<${Drawer} session=${session} path=${path} onClose=${() => setOpen(false)} />`}
  </header>`;
}

/** @param {NavigationProps & {onClose: () => void}} props */
function Drawer({ session, path, onClose }) {
  const element = useModal();
  useEffect(() => {
    const wide = matchMedia("(min-width: 60.01rem)");
    wide.addEventListener("change", onClose); // the column beside the page has taken over
    return () => wide.removeEventListener("change", onClose);
  }, []);
  return html`<dialog ref=${element} class="drawer" aria-label="Menu" onCancel=${cancelling(onClose)}
    onClick=${(/** @type {MouseEvent} */ event) => {
      const target = /** @type {Element} */ (event.target);
      if (target === event.currentTarget || target.closest("a")) onClose();
    }}>
    <div class="drawer-head"><${Wordmark} /><${Button} kind="quiet" small icon="close" label="Close menu" onClick=${onClose} /></div>
    <${Links} session=${session} path=${path} />
    <div class="nav-foot"><${AccountMenu} session=${session} /></div>
  </dialog>`;
}

/** @param {NavigationProps} props */
function Links({ session, path }) {
  const shown = PAGES.filter((page) => page.isFor(session));
  const groups = [...new Set(shown.map((page) => page.group))];
  return html`<nav class="nav" aria-label="Pages">
    ${groups.map(
      (group) => html`<div class="nav-group" key=${group}>
        ${group && html`<div class="nav-title">${group}</div>`}
        <ul>
          ${shown
            .filter((page) => page.group === group)
            .map(
              (page) => html`<li key=${page.path}>
                <a class="nav-link" href=${link(page.path)} aria-current=${page.path === path ? "page" : undefined}>
                  <${Icon} name=${page.icon} />${page.title}
                </a>
              </li>`,
            )}
        </ul>
      </div>`,
    )}
  </nav>`;
}
