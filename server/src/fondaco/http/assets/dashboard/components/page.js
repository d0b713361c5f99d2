/** The frame of a page: its heading, and titled blocks. */
import { classes, html, useEffect, useId, useRef } from "../lib/ui.js";
import { isNavigation } from "../lib/router.js";

/**
 * A page with its heading, which takes the focus when the page is reached from another.
 *
 * @param {{title: string, lead?: any, actions?: any, wide?: boolean, children?: any}} props `actions` stand beside the
 *     heading; `wide` uses the whole width
 */
export function Page({ title, lead, actions, wide, children }) {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => {
    document.title = `${title} · Fondaco`;
    if (isNavigation()) heading.current?.focus();
  }, [title]);
  return html`<div class=${classes("page", wide && "page-wide")}>
    <header class="page-head">
      <div>
        <h1 ref=${heading} tabindex="-1">${title}</h1>
        ${lead && html`<p class="page-lead">${lead}</p>`}
      </div>
      ${actions && html`<div class="row">${actions}</div>`}
    </header>
    ${children}
  </div>`;
}

/**
 * A titled block of a page.
 *
 * @param {{title: string, actions?: any, flush?: boolean, children?: any}} props `flush`: content reaches the edges, as a
 *     table does
 */
export function Panel({ title, actions, flush, children }) {
  const id = useId();
  return html`<section class="panel" aria-labelledby=${id}>
    <header class="panel-head"><h2 id=${id}>${title}</h2>${actions && html`<div class="row">${actions}</div>`}</header>
    <div class=${classes("panel-body", flush && "panel-flush")}>${children}</div>
  </section>`;
}

/**
 * One number of several in a row, within `<dl class="panel figures">`.
 *
 * @param {{label: string, value: any, note?: any}} props
 */
export function Figure({ label, value, note }) {
  return html`<div class="figure">
    <dt>${label}</dt>
    <dd><div class="figure-value">${value}</div>${note && html`<div class="figure-note">${note}</div>`}</dd>
  </div>`;
}
