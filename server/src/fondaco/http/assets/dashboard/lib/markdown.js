/**
 * Markdown that others wrote, as DOM that can do no harm.
 *
 * HTML in it is shown as text. What marked writes passes through DOMPurify with a short list of elements; links leave
 * this server only when a person clicks them, and images are never loaded: an address that a reply made up could carry
 * the conversation away.
 */

import { Parser, Renderer, marked } from "../vendor/marked.js";
import createDOMPurify from "../vendor/purify.js";
import { highlighted } from "./highlight.js";

const SAFE_ADDRESS = /^(?:https?:\/\/|mailto:)/i;
const TAGS = [
  "a", "blockquote", "br", "code", "del", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "span",
  "strong", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
];
/** Classes that the renderer and highlight.js write. */
const CLASS = /^(?:md-[a-z]+|hljs-[\w-]+|language-[\w+#.-]+)$/;

/** An own instance: hooks of DOMPurify's shared one would apply to every user of it. */
const purifier = createDOMPurify(window);
purifier.addHook("afterSanitizeAttributes", (/** @type {Element} */ element) => {
  const names = [...element.classList].filter((name) => CLASS.test(name) || /^[a-z]+_$/.test(name));
  if (names.length > 0) element.className = names.join(" ");
  else element.removeAttribute("class");
  if (element.tagName !== "A") return;
  element.setAttribute("target", "_blank");
  element.setAttribute("rel", "noopener noreferrer nofollow");
});

/**
 * Return HTML as a fragment without anything that runs or loads.
 *
 * @param {string} markup
 * @returns {DocumentFragment}
 */
const purified = (markup) =>
  purifier.sanitize(markup, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", "title", "start", "class"],
    ALLOWED_URI_REGEXP: SAFE_ADDRESS,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });

/** @param {string} text */
const escaped = (text) =>
  text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** `[REF]0[/REF]`: how models cite the results of a search. */
const CITATION = {
  name: "citation",
  level: "inline",
  start: (/** @type {string} */ source) => source.indexOf("[REF]"),
  tokenizer(/** @type {string} */ source) {
    const found = /^\[REF\]([\d, ]{1,40})\[\/REF\]/.exec(source);
    return found ? { type: "citation", raw: found[0], places: found[1].split(",").map(Number) } : undefined;
  },
  renderer: (/** @type {any} */ token) =>
    `<sup class="md-ref">[${token.places.map((/** @type {number} */ place) => place + 1).join(", ")}]</sup>`,
};
marked.use({ extensions: [CITATION] });

/** Writes what marked's own renderer would let through otherwise. */
class SafeRenderer extends Renderer {
  /** @override @param {any} token */
  html({ text }) {
    return escaped(text);
  }

  /** Two levels lower: the page has headings of its own. @override @param {any} token */
  heading({ tokens, depth }) {
    const level = Math.min(6, depth + 2);
    return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
  }

  /** @override @param {any} token */
  link({ href, title, tokens }) {
    const inner = this.parser.parseInline(tokens);
    if (!SAFE_ADDRESS.test(href)) return `<span class="md-dropped" title="The link was dropped: it leads to no web page.">${inner}</span>`;
    return `<a href="${escaped(href)}" title="${escaped(title || href)}">${inner}</a>`;
  }

  /** @override @param {any} token */
  image({ href, text }) {
    const name = escaped(text || "image");
    if (!SAFE_ADDRESS.test(href)) return `<span class="md-image">Image: ${name}</span>`;
    return `<span class="md-image">Image not loaded: <a href="${escaped(href)}" title="${escaped(href)}">${name}</a></span>`;
  }

  /** @override @param {any} token */
  checkbox({ checked }) {
    return checked ? "☑ " : "☐ ";
  }

  /** @override @param {any} token */
  tablecell({ tokens, header, align }) {
    const tag = header ? "th" : "td";
    const side = ["left", "center", "right"].includes(align) ? ` class="md-${align}"` : "";
    return `<${tag}${side}>${this.parser.parseInline(tokens)}</${tag}>\n`;
  }
}

/**
 * Return blocks of marked's tokens as DOM.
 *
 * @param {any[]} tokens
 * @param {(source: string, language: string) => HTMLElement} codeBox Makes the box of a block of code; the language is
 *     as the text names it, and empty for none.
 * @returns {DocumentFragment}
 */
export function rendered(tokens, codeBox) {
  const parser = new Parser({ ...marked.defaults, renderer: new SafeRenderer() });
  const fragment = purified(parser.parse(tokens));
  for (const table of fragment.querySelectorAll("table")) {
    const box = document.createElement("div");
    box.className = "md-table";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Table");
    table.replaceWith(box);
    box.append(table);
  }
  for (const pre of fragment.querySelectorAll("pre")) {
    const code = pre.querySelector("code");
    const language = [...(code?.classList ?? [])].find((name) => name.startsWith("language-"))?.slice(9) ?? "";
    pre.replaceWith(codeBox((code ?? pre).textContent ?? "", language));
  }
  return fragment;
}

/**
 * Colour code, if its language is known. Its text stays as it is.
 *
 * @param {Element} element The element that holds the code, and nothing else.
 * @param {string} language
 */
export async function highlight(element, language) {
  const source = element.textContent ?? "";
  const markup = await highlighted(source, language);
  const isSame = element.textContent === source; // else it has other code by now, which has colours of its own
  if (markup !== null && isSame) element.replaceChildren(purified(markup));
}

