/**
 * A box of code in Markdown, with its language and a button that copies it: made without Preact, as the blocks around it
 * are.
 */
import { highlight } from "../../lib/markdown.js";
import { copyText } from "../copy-button.js";

/**
 * @param {string} source
 * @param {string} language As the text names it; empty for none.
 * @returns {HTMLElement}
 */
export function codeBox(source, language) {
  const box = element("div", "code md-code");
  box.dataset.language = language;
  const head = element("div", "code-head");
  const copy = /** @type {HTMLButtonElement} */ (element("button", "button button-quiet button-small", "Copy"));
  copy.type = "button";
  copy.addEventListener("click", () => void copied(copy, source));
  head.append(element("span", "", language || "code"), copy);
  const pre = element("pre");
  pre.tabIndex = 0;
  pre.setAttribute("aria-label", language ? `Code in ${language}` : "Code");
  pre.append(element("code", "", source.replace(/\n$/, "")));
  box.append(head, pre);
  return box;
}

/**
 * Colour the boxes below an element.
 *
 * @param {Element} root
 */
export function colour(root) {
  for (const box of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".md-code"))) {
    const code = box.querySelector("code");
    if (code) void highlight(code, box.dataset.language ?? "");
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} source
 */
async function copied(button, source) {
  button.textContent = (await copyText(source)) ? "Copied" : "Copying failed";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

/**
 * @param {string} tag
 * @param {string} [name]
 * @param {string} [text]
 */
function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}
