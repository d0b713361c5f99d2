/**
 * Saves conversations a little after they have changed: however often one changes meanwhile, its latest state is
 * saved once, and never two states of it at once.
 */

/** @typedef {import("./conversation.js").Conversation} Conversation */

/** How long a change may wait, in milliseconds: letters that are typed follow each other faster. */
export const DELAY_MS = 600;

export class Saving {
  #save;
  /** What waits, by the id of its conversation. */
  #waiting = /** @type {Map<string, {latest: Conversation, timer: ReturnType<typeof setTimeout>}>} */ (new Map());
  /** The last save of each conversation, while it goes on. */
  #running = /** @type {Map<string, Promise<void>>} */ (new Map());

  /** @param {(conversation: Conversation) => Promise<void>} save Never rejects. */
  constructor(save) {
    this.#save = save;
  }

  /** @param {Conversation} conversation */
  soon(conversation) {
    const { id } = conversation;
    const one = this.#waiting.get(id);
    if (one) one.latest = conversation;
    else this.#waiting.set(id, { latest: conversation, timer: setTimeout(() => void this.#flush(id), DELAY_MS) });
  }

  /**
   * Save at once, in place of what waits.
   *
   * @param {Conversation} conversation
   * @returns {Promise<void>} Resolves when it is saved.
   */
  now(conversation) {
    this.forget(conversation.id);
    const before = this.#running.get(conversation.id) ?? Promise.resolve();
    const saved = before.then(() => this.#save(conversation));
    this.#running.set(conversation.id, saved);
    return saved.finally(() => {
      if (this.#running.get(conversation.id) === saved) this.#running.delete(conversation.id);
    });
  }

  /** The state of a conversation that is newer than the saved one. @param {string} id */
  newer(id) {
    return this.#waiting.get(id)?.latest ?? null;
  }

  /** Drop what waits: the conversation is deleted. @param {string} id */
  forget(id) {
    clearTimeout(this.#waiting.get(id)?.timer);
    this.#waiting.delete(id);
  }

  /**
   * Drop what waits, and let a save that goes on end: afterwards a deletion is final.
   *
   * @param {string} id
   */
  async ended(id) {
    this.forget(id);
    await this.#running.get(id);
  }

  /** Save all that waits at once: the page may be about to end. */
  async all() {
    await Promise.all([...this.#waiting.keys()].map((id) => this.#flush(id)));
  }

  /** @param {string} id */
  async #flush(id) {
    const one = this.#waiting.get(id);
    if (one) await this.now(one.latest);
  }

  /** Drop all that waits, and let what goes on end. */
  async allEnded() {
    for (const id of [...this.#waiting.keys()]) this.forget(id);
    await Promise.all(this.#running.values());
  }
}
