/** A button, and a link that looks like one. */
import { classes, html } from "../lib/ui.js";
import { Icon } from "./icon.js";

/**
 * @typedef {object} ButtonProps
 * @property {"primary" | "danger" | "quiet"} [kind]
 * @property {boolean} [small]
 * @property {import("./icon.js").IconName} [icon]
 * @property {string} [label] name of a button that shows its icon alone
 * @property {boolean} [busy] shows that it works, and takes no further clicks; it keeps the focus
 * @property {boolean} [disabled]
 * @property {"button" | "submit"} [type]
 * @property {(event: MouseEvent) => void} [onClick]
 * @property {any} [children]
 */

/**
 * @param {ButtonProps & Record<string, any>} props further properties become attributes
 */
export function Button({ kind, small, icon, label, busy = false, disabled, type = "button", onClick, children, class: more, ...rest }) {
  return html`<button
    type=${type}
    class=${classes("button", kind && `button-${kind}`, small && "button-small", label && "button-icon", more)}
    aria-label=${label}
    title=${label}
    aria-busy=${busy ? "true" : undefined}
    aria-disabled=${busy ? "true" : undefined}
    disabled=${disabled}
    onClick=${busy ? (/** @type {MouseEvent} */ event) => event.preventDefault() : onClick}
    ...${rest}
  >
    ${busy ? html`<span class="spinner" aria-hidden="true"></span>` : icon && html`<${Icon} name=${icon} />`}
    ${children}
  </button>`;
}

/**
 * @param {{href: string, kind?: ButtonProps["kind"], small?: boolean, icon?: import("./icon.js").IconName, children?: any} &
 *     Record<string, any>} props
 */
export function LinkButton({ href, kind, small, icon, children, ...rest }) {
  return html`<a href=${href} class=${classes("button", kind && `button-${kind}`, small && "button-small")} ...${rest}>
    ${icon && html`<${Icon} name=${icon} />`}${children}
  </a>`;
}
