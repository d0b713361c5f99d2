/**
 * Shows Markdown that grows, a frame's worth at a time: what is final is written once, the open block anew each time.
 */

import { rendered } from "../../lib/markdown.js";
import { codeBox, colour } from "./code-box.js";
import { BlockReader, TEXT_LIMIT } from "../../lib/markdown-blocks.js";

/** How long one step may work, in milliseconds, before the browser may paint. */
const STEP_MS = 10;
/** Plain text is laid out in pieces of about so many characters, of which those out of sight cost nothing. */
const PIECE = 8 * 1024;

export class MarkdownView {
  #root;
  #final = document.createElement("div");
  #open = document.createElement("div");
  #reader = new BlockReader();
  #text = "";
  #isComplete = false;
  #shownText = "";
  #frame = 0;
  #timer = 0;
  /** The open block, while it is plain text: it is extended, not written anew. */
  #plain = /** @type {PlainText | null} */ (null);

  /** @param {HTMLElement} root An empty element, which from now on belongs to this view. */
  constructor(root) {
    this.#root = root;
    this.#final.className = "md-final";
    this.#open.className = "md-open";
    root.replaceChildren(this.#final, this.#open);
  }

  /**
   * Show a text.
   *
   * @param {string} text The whole of it; where it does not begin as before, everything is written anew.
   * @param {boolean} isComplete Whether no more follows.
   */
  show(text, isComplete) {
    const clean = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
    if (clean === this.#text && isComplete === this.#isComplete) return;
    if (this.#isComplete || !clean.startsWith(this.#text)) this.#restart();
    this.#text = clean;
    this.#isComplete = isComplete;
    this.#schedule(0);
  }

  /** Stop working; nothing more is shown. */
  close() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = this.#timer = -1;
  }

  #restart() {
    this.#final.replaceChildren();
    this.#open.replaceChildren();
    this.#reader = new BlockReader();
    this.#plain = null;
    this.#shownText = "";
  }

  /** @param {number} delay_ms */
  #schedule(delay_ms) {
    if (this.#frame !== 0 || this.#timer !== 0) return;
    const step = () => {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#step();
      });
    };
    if (delay_ms <= 0) step();
    else {
      this.#timer = window.setTimeout(() => {
        this.#timer = 0;
        step();
      }, delay_ms);
    }
  }

  #step() {
    const begun = performance.now();
    const text = this.#text;
    while (performance.now() - begun < STEP_MS) {
      const block = this.#reader.next(text, this.#isComplete);
      if (!block) {
        this.#showOpen(text);
        this.#shownText = text;
        break;
      }
      this.#append(block);
    }
    // A block that takes long is written seldom, so that the page stays responsive.
    const took = performance.now() - begun;
    if (this.#shownText !== this.#text) this.#schedule(took > 3 * STEP_MS ? took * 4 : 0);
    else if (took > 2 * STEP_MS && !this.#isComplete) this.#pauseFor(took * 4);
  }

  /** @param {number} delay_ms */
  #pauseFor(delay_ms) {
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      if (this.#shownText !== this.#text || this.#isComplete) this.#schedule(0);
    }, delay_ms);
  }

  /** @param {import("../../lib/markdown-blocks.js").Block} block */
  #append(block) {
    this.#plain = null;
    this.#open.replaceChildren();
    if (block.kind === "plain") {
      const plain = new PlainText();
      plain.show(block.text);
      this.#final.append(plain.element);
      return;
    }
    const piece = document.createElement("div");
    piece.className = "md-block";
    piece.append(block.kind === "code" ? codeBox(block.text, block.language) : rendered(block.tokens, codeBox));
    this.#final.append(piece);
    colour(piece);
  }

  /** @param {string} text */
  #showOpen(text) {
    const block = this.#reader.open(text);
    if (!block) {
      this.#open.replaceChildren();
      this.#plain = null;
    } else if (block.kind === "formatted" && block.tokens.length > 0) {
      this.#plain = null;
      this.#open.replaceChildren(rendered(block.tokens, codeBox));
    } else {
      if (!this.#plain) {
        this.#plain = new PlainText(this.#reader.position >= TEXT_LIMIT);
        this.#open.replaceChildren(this.#plain.element);
      }
      this.#plain.show(block.text);
    }
  }
}

/** Text as it is, in pieces; it only grows. */
class PlainText {
  element = document.createElement("div");
  #length = 0;
  #last = /** @type {HTMLElement | null} */ (null);

  /** @param {boolean} [isRest] Whether the rest of a long answer follows, rather than one long block. */
  constructor(isRest = false) {
    this.element.className = "md-plain";
    const note = document.createElement("p");
    note.className = "md-note";
    note.textContent = isRest
      ? "The answer is long: the rest of it is shown as plain text."
      : "This part is long: it is shown as plain text.";
    this.element.append(note);
  }

  /** @param {string} text */
  show(text) {
    while (this.#length < text.length) {
      const room = this.#last ? PIECE - (this.#last.textContent?.length ?? 0) : 0;
      if (!this.#last || room <= 0) {
        this.#last = document.createElement("div");
        this.#last.className = "md-piece";
        this.element.append(this.#last);
        continue;
      }
      let end = Math.min(text.length, this.#length + room);
      // A piece ends with a line where one ends nearby: each piece begins a line of its own.
      const line = text.indexOf("\n", end - 1);
      if (end < text.length) end = line >= 0 && line - end < PIECE ? line + 1 : end;
      this.#last.append(text.slice(this.#length, end));
      this.#length = end;
    }
  }
}
