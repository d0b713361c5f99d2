/** What a block shows in place of data: that it loads, that there is none, that it failed. */
import { html } from "../lib/ui.js";
import { asApiError } from "../lib/resource.js";
import { Button } from "./button.js";
import { Icon } from "./icon.js";

/**
 * Lines in place of a text or table that loads; as high as what follows, so that nothing moves.
 *
 * @param {{lines?: number, height?: string}} props `height` makes it one area, such as of a chart
 */
export function Skeleton({ lines = 3, height }) {
  return html`<div role="status">
    <span class="visually-hidden">Loading</span>
    ${height
      ? html`<div class="skeleton" style=${{ height }}></div>`
      : html`<div class="skeleton-lines">${Array.from({ length: lines }, (_, line) => html`<div key=${line} class="skeleton skeleton-line"></div>`)}</div>`}
  </div>`;
}

/**
 * A place without entries: says why, and offers the first step.
 *
 * @param {{title: string, icon?: import("./icon.js").IconName, children?: any}} props
 */
export function EmptyState({ title, icon, children }) {
  return html`<div class="empty">
    ${icon && html`<${Icon} name=${icon} />`}
    <p class="empty-title">${title}</p>
    ${children}
  </div>`;
}

/**
 * An error: what happened and what to do, with a way to try again where there is one.
 *
 * @param {{error: unknown, onRetry?: () => void, title?: string}} props
 */
export function ErrorNotice({ error, onRetry, title }) {
  const { message, remedy } = asApiError(error);
  return html`<div class="notice notice-bad" role="alert">
    <${Icon} name="warning" />
    <div>
      ${title && html`<strong>${title} </strong>`}${message} ${remedy}
    </div>
    ${onRetry && html`<${Button} small icon="retry" onClick=${onRetry}>Retry<//>`}
  </div>`;
}

/**
 * A remark beside the content.
 *
 * @param {{kind?: "caution", children?: any}} props
 */
export function Notice({ kind, children }) {
  return html`<div class=${kind ? `notice notice-${kind}` : "notice"}>
    <${Icon} name=${kind ? "warning" : "info"} />
    <div>${children}</div>
  </div>`;
}

/**
 * A resource in all its states. Data that is already there stays while it is loaded again, and beside an error.
 *
 * @param {{of: import("../lib/resource.js").Resource<any>, skeleton?: any, children: (data: any) => any}} props `skeleton`
 *     replaces the lines that are shown at first
 */
export function Loaded({ of: resource, skeleton, children }) {
  const { data, error, loading, reload } = resource;
  if (data === null && error === null) return skeleton ?? html`<${Skeleton} />`;
  const notice = error && html`<${ErrorNotice} error=${error} onRetry=${loading ? undefined : reload} />`;
  if (data === null) return notice;
  return html`${notice}${children(data)}`;
}
