/** Messages that are being written, by conversation: another page or conversation does not lose them. */

/**
 * @typedef {object} Draft
 * @property {string} text
 * @property {string[]} images Data URLs.
 */

const drafts = /** @type {Map<string, Draft>} */ (new Map());

/** @type {Draft} */
export const EMPTY_DRAFT = { text: "", images: [] };

/** @param {string} conversation The id of one. */
export const draftOf = (conversation) => drafts.get(conversation) ?? EMPTY_DRAFT;

/** @param {string} conversation The id of one. @param {Draft} draft */
export const keepDraft = (conversation, draft) => void drafts.set(conversation, draft);
