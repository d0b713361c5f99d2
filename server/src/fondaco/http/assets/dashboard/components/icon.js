/** Icons: strokes on a grid of 24, in the colour of the text beside them. */
import { html } from "../lib/ui.js";

const PATHS = {
  overview: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  playground: "M4 5h16v11H9l-5 4z",
  models: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  characters: "M12 12a4 4 0 100-8 4 4 0 000 8zM4.5 20a7.5 7.5 0 0115 0",
  video: "M3 6h12v12H3zM15 10.5l6-3.5v10l-6-3.5z",
  keys: "M14.5 9.5a4.5 4.5 0 10-3.3 4.3L13 15.5h2.5V18H18v2.5h3V17l-6.8-6.1a4.5 4.5 0 00.3-1.4zM8.5 8h.01",
  usage: "M3 17l6-6 4 4 8-9M15 6h6v6",
  limits: "M4 18a8.5 8.5 0 1116 0M12 14l4-5",
  accounts: "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20a6.5 6.5 0 0113 0M16 4.3a3.5 3.5 0 010 6.4M18 14.2a6.5 6.5 0 013.5 5.8",
  engines: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01M11 8h6M11 16h6",
  configuration: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  docs: "M5 4h10l4 4v12H5zM14 4v5h5M8.5 13h7M8.5 16.5h7",
  api: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14",
  logout: "M14 4h5v16h-5M4 12h11M11 8l4 4-4 4",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  chevron: "M7 14.5l5-5 5 5",
  plus: "M12 5v14M5 12h14",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  retry: "M20 11a8 8 0 10-1.5 6M20 5v6h-6",
  warning: "M12 4l9 16H3zM12 10v4.5M12 17.3h.01",
  info: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 11v5.5M12 7.7h.01",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M4 20h16",
  upload: "M12 16V5M7.5 9L12 4.5 16.5 9M4 20h16",
  edit: "M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19zM14 6.5l3.5 3.5",
  trash: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5",
  search: "M10.5 17a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM15.5 15.5L21 21",
  send: "M4 12l16-8-5 16-3.5-6.5zM11.5 13.5L20 4",
  stop: "M6.5 6.5h11v11h-11z",
  play: "M7 4.5l12 7.5-12 7.5z",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * An icon, hidden from screen readers: the text or label beside it says the same.
 *
 * @param {{name: IconName}} props
 */
export function Icon({ name }) {
  return html`<svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true" focusable="false" fill="none"
    stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">
    <path d=${PATHS[name]} />
  </svg>`;
}

/** The mark of Fondaco: the arcades of a trading house over water. */
export function Mark() {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill="none" stroke="currentColor"
    stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">
    <path d="M3 4h18M4.5 17V10.5a2.5 2.5 0 015 0V17M9.5 17v-6.5a2.5 2.5 0 015 0V17M14.5 17v-6.5a2.5 2.5 0 015 0V17" />
    <path d="M3 20.5c1.5 0 1.5-1 3-1s1.5 1 3 1 1.5-1 3-1 1.5 1 3 1 1.5-1 3-1 1.5 1 3 1" />
  </svg>`;
}
