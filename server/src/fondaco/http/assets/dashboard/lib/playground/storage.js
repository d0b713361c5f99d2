/**
 * Conversations held in this browser, and nowhere else: in IndexedDB, for each account of their own.
 *
 * They survive a reload and the end of the browser until they are deleted here. Where the browser keeps no data for a
 * site (private windows of some browsers), they live in memory and end with the tab; `isLasting` tells.
 */

/** @typedef {import("./conversation.js").Conversation} Conversation */

/**
 * What a list of conversations shows.
 *
 * @typedef {object} Summary
 * @property {string} id
 * @property {string} title
 * @property {number} updatedAt
 * @property {number} size Characters of the conversation, images included.
 */

/** How many conversations of an account are kept, and how many characters all of them may have. */
export const LIMITS = { conversations: 200, characters: 64 * 2 ** 20 };

const DATABASE = "fondaco-playground";

/**
 * Return the summaries that exceed the limits: the oldest ones, but never `kept`.
 *
 * @param {Summary[]} summaries
 * @param {string} kept
 * @param {{conversations: number, characters: number}} [limits]
 * @returns {Summary[]}
 */
export function excess(summaries, kept, limits = LIMITS) {
  const newestFirst = [...summaries].sort(
    (one, other) => Number(other.id === kept) - Number(one.id === kept) || other.updatedAt - one.updatedAt,
  );
  let characters = 0;
  return newestFirst.filter(({ size }, place) => {
    characters += size;
    return place > 0 && (place >= limits.conversations || characters > limits.characters);
  });
}

/** The conversations of one account. */
export class Conversations {
  #account;
  #database = /** @type {IDBDatabase | null} */ (null);
  /** In memory, where there is no database. */
  #held = /** @type {Map<string, {summary: Summary, conversation: Conversation}>} */ (new Map());

  /** @param {string} account */
  constructor(account) {
    this.#account = account;
  }

  get isLasting() {
    return this.#database !== null;
  }

  /**
   * Open the conversations of an account; never fails.
   *
   * @param {string} account
   */
  static async of(account) {
    const own = new Conversations(account);
    own.#database = await opened().catch(() => null);
    return own;
  }

  /** @returns {Promise<Summary[]>} The newest first. */
  async list() {
    const all = await this.#summaries();
    return all.sort((one, other) => other.updatedAt - one.updatedAt);
  }

  /** @param {string} id @returns {Promise<Conversation | null>} */
  async get(id) {
    if (!this.#database) return this.#held.get(id)?.conversation ?? null;
    const found = await done(this.#store("conversations", "readonly").get([this.#account, id]));
    return found?.conversation ?? null;
  }

  /**
   * Save a conversation, and delete the oldest ones that exceed the limits.
   *
   * @param {Conversation} conversation
   * @returns {Promise<Summary[]>} Those that were deleted.
   */
  async put(conversation) {
    const { id, title, updatedAt } = conversation;
    const summary = { id, title, updatedAt, size: JSON.stringify(conversation).length };
    if (this.#database) {
      const transaction = this.#database.transaction(["summaries", "conversations"], "readwrite");
      transaction.objectStore("summaries").put({ account: this.#account, ...summary });
      transaction.objectStore("conversations").put({ account: this.#account, id, conversation });
      transaction.commit(); // at once: a page that ends would take it back
      await finished(transaction);
    } else this.#held.set(id, { summary, conversation });
    const beyond = excess(await this.#summaries(), id);
    for (const old of beyond) await this.delete(old.id);
    return beyond;
  }

  /** @param {string} id */
  async delete(id) {
    this.#held.delete(id);
    if (!this.#database) return;
    const transaction = this.#database.transaction(["summaries", "conversations"], "readwrite");
    transaction.objectStore("summaries").delete([this.#account, id]);
    transaction.objectStore("conversations").delete([this.#account, id]);
    await finished(transaction);
  }

  /** Delete all conversations of the account. */
  async clear() {
    for (const { id } of await this.#summaries()) await this.delete(id);
  }

  /** @returns {Promise<Summary[]>} */
  async #summaries() {
    if (!this.#database) return [...this.#held.values()].map(({ summary }) => summary);
    const ofAccount = IDBKeyRange.bound([this.#account], [this.#account, []]);
    return done(this.#store("summaries", "readonly").getAll(ofAccount));
  }

  /**
   * @param {"summaries" | "conversations"} name
   * @param {IDBTransactionMode} mode
   */
  #store(name, mode) {
    return /** @type {IDBDatabase} */ (this.#database).transaction(name, mode).objectStore(name);
  }
}

/** @returns {Promise<IDBDatabase>} */
async function opened() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("summaries", { keyPath: ["account", "id"] });
    request.result.createObjectStore("conversations", { keyPath: ["account", "id"] });
  };
  return done(request);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
const finished = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
