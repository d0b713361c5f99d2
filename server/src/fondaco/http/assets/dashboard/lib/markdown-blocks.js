/**
 * Cuts growing Markdown into blocks, so that each piece of a stream costs as much as the block it adds to, however
 * long the text before it is.
 *
 * A block is final once another one has begun after it: a list may go on after a blank line. What is too long to be
 * formatted responsively becomes a block of plain text.
 */

import { Lexer } from "../vendor/marked.js";

/** The longest block that is formatted, and the most text of a message that is, in characters. */
export const BLOCK_LIMIT = 16 * 1024;
export const TEXT_LIMIT = 256 * 1024;

/**
 * @typedef {object} Block
 * @property {"formatted" | "code" | "plain"} kind `code`: a fenced block that is too long for the lexer.
 * @property {any[]} tokens Of `formatted`: marked's tokens.
 * @property {string} text Of the others.
 * @property {string} language Of `code`.
 */

/** The beginning of a fenced code block: its fence and its info string. */
const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)(?:\n|$)/;

/** Reads one text that grows. */
export class BlockReader {
  #links = /** @type {any} */ (Object.create(null));
  #from = 0;

  /** How much of the text is in blocks that are final. */
  get position() {
    return this.#from;
  }

  /**
   * Return the next block that is final; null where there is none yet.
   *
   * @param {string} text All of the text so far, with line feeds as its only line breaks.
   * @param {boolean} isComplete Whether nothing follows.
   * @returns {Block | null}
   */
  next(text, isComplete) {
    if (this.#from >= text.length) return null;
    const end = this.#from + BLOCK_LIMIT;
    const isWhole = text.length <= end;
    if (isWhole && !isComplete && text.length <= TEXT_LIMIT) return this.#formatted(text.slice(this.#from), false);
    if (this.#from >= TEXT_LIMIT) return null;
    const block = this.#formatted(text.slice(this.#from, end), isWhole && isComplete);
    if (block) return block;
    return isWhole ? null : this.#long(text, isComplete);
  }

  /**
   * Return what is not final yet, as it is to be shown now; null where there is nothing.
   *
   * @param {string} text
   * @returns {Block | null}
   */
  open(text) {
    const rest = text.slice(this.#from);
    if (!rest) return null;
    if (this.#from >= TEXT_LIMIT) return plain(rest);
    if (rest.length <= BLOCK_LIMIT) return { kind: "formatted", tokens: this.#lexed(rest) ?? [], text: rest, language: "" };
    const fence = FENCE.exec(rest);
    return fence ? code(rest, fence, rest.length) : plain(rest);
  }

  /**
   * @param {string} window
   * @param {boolean} isLast Whether the text ends with the window, so that its last block is final, too.
   * @returns {Block | null}
   */
  #formatted(window, isLast) {
    const tokens = this.#lexed(window);
    if (!tokens) return isLast ? this.#take(plain(window), window.length) : null;
    let count = tokens.length;
    if (!isLast) {
      while (count > 0 && tokens[count - 1].type === "space") count -= 1;
      count -= 1;
    }
    const final = tokens.slice(0, Math.max(0, count));
    const length = final.reduce((/** @type {number} */ sum, /** @type {any} */ token) => sum + token.raw.length, 0);
    if (length === 0) return null;
    return this.#take({ kind: "formatted", tokens: final, text: window.slice(0, length), language: "" }, length);
  }

  /**
   * Return a block that is longer than a window, once its end has arrived.
   *
   * @param {string} text
   * @param {boolean} isComplete
   * @returns {Block | null}
   */
  #long(text, isComplete) {
    const rest = text.slice(this.#from);
    const fence = FENCE.exec(rest);
    if (fence) {
      const closing = new RegExp(`\\n {0,3}${fence[1][0]}{${fence[1].length},}[ \\t]*(?:\\n|$)`);
      const found = closing.exec(rest);
      if (found) return this.#take(code(rest, fence, found.index), found.index + found[0].length);
      return isComplete ? this.#take(code(rest, fence, rest.length), rest.length) : null;
    }
    const blank = rest.indexOf("\n\n", BLOCK_LIMIT);
    if (blank < 0 && !isComplete) return null;
    const length = blank < 0 ? rest.length : blank + 2;
    return this.#take(plain(rest.slice(0, length)), length);
  }

  /** @param {Block} block @param {number} length @returns {Block} */
  #take(block, length) {
    this.#from += length;
    return block;
  }

  /**
   * @param {string} source
   * @returns {any | null} Null where the lexer fails, as on nesting that is too deep, or loses text.
   */
  #lexed(source) {
    try {
      const lexer = new Lexer();
      lexer.tokens.links = this.#links;
      const tokens = lexer.lex(source);
      const length = tokens.reduce((/** @type {number} */ sum, /** @type {any} */ token) => sum + token.raw.length, 0);
      return length === source.length ? tokens : null;
    } catch {
      return null;
    }
  }
}

/** @param {string} text @returns {Block} */
const plain = (text) => ({ kind: "plain", tokens: [], text, language: "" });

/**
 * @param {string} rest
 * @param {RegExpExecArray} fence
 * @param {number} end
 * @returns {Block}
 */
const code = (rest, fence, end) => ({
  kind: "code",
  tokens: [],
  text: rest.slice(fence[0].length, Math.max(fence[0].length, end)),
  language: fence[2].trim().split(/\s/, 1)[0],
});
