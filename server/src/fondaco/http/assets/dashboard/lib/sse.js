/**
 * Reads server-sent events from the body of a response, however the network cuts its bytes.
 *
 * `EventSource` cannot: it only sends GET and cannot be told to stop reconnecting.
 *
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */

/**
 * @typedef {object} ServerEvent
 * @property {string} event The event's name; `message` where the stream names none.
 * @property {string} data Its data, the lines joined by line feeds.
 */

/** The most characters one event may have; a stream without line breaks must not fill the memory. */
const EVENT_LIMIT = 64 * 2 ** 20;

/**
 * Splits text into events; holds what is incomplete between two calls.
 */
export class EventParser {
  /** Pieces of the line that has not ended; joined once, so that a long line costs linear time. */
  #pieces = /** @type {string[]} */ ([]);
  #held = 0;
  #data = /** @type {string[]} */ ([]);
  #event = "";
  /** Whether the last piece ended in CR: a LF that follows belongs to it. */
  #afterReturn = false;
  #atStart = true;

  /**
   * Return the events that `text` completes.
   *
   * @param {string} text
   * @returns {ServerEvent[]}
   */
  push(text) {
    /** @type {ServerEvent[]} */
    const events = [];
    let from = 0;
    if (this.#atStart && text) {
      this.#atStart = false;
      if (text.charCodeAt(0) === 0xfeff) from = 1;
    }
    if (this.#afterReturn && text) {
      this.#afterReturn = false;
      if (text[from] === "\n") from += 1;
    }
    const ends = /\r\n|\r|\n/g;
    ends.lastIndex = from;
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      this.#pieces.push(text.slice(from, end.index));
      from = ends.lastIndex;
      this.#afterReturn = end[0] === "\r" && from === text.length;
      const line = this.#pieces.join("");
      this.#pieces = [];
      const event = this.#line(line);
      if (event) events.push(event);
    }
    if (from < text.length) {
      this.#pieces.push(text.slice(from));
      this.#hold(text.length - from);
    }
    return events;
  }

  /** @param {number} length */
  #hold(length) {
    this.#held += length;
    if (this.#held > EVENT_LIMIT) throw new Error("An event of the stream exceeds 64 MiB.");
  }

  /**
   * @param {string} line
   * @returns {ServerEvent | null} The event that an empty line completes.
   */
  #line(line) {
    if (line === "") {
      const event = { event: this.#event || "message", data: this.#data.join("\n") };
      const complete = this.#data.length > 0;
      this.#data = [];
      this.#event = "";
      this.#held = 0;
      return complete ? event : null;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") {
      this.#data.push(value);
      this.#hold(value.length);
    } else if (field === "event") this.#event = value;
    return null;
  }
}

/**
 * Yield the events of a body. Leaving the loop early cancels the body, which closes the connection.
 *
 * An event that the end of the body cuts off is not yielded, as the standard says.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<ServerEvent, void, void>}
 */
export async function* eventsOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parser = new EventParser();
  let ended = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      for (const event of parser.push(decoder.decode(value, { stream: true }))) yield event;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}
