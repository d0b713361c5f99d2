/**
 * What a call cost, by its usage and the model's listed prices.
 *
 * The arithmetic is the server's: each row is rounded up to a whole nano-dollar, and a reply without output is free.
 * The ledger has the last word: `fromLedger` reads it, for keys that may.
 */

/**
 * @typedef {object} Charge
 * @property {number} usd DIEM and USD together; one DIEM buys one dollar.
 * @property {number} diem The part of it that DIEM paid; 0 where that is not known.
 * @property {boolean} isExact Whether the ledger says so; else it is computed by the listed prices.
 */

/** @typedef {import("./models.js").Model} Model */

const NANO = 1e9;
const MILLION = 1e6;

/**
 * Return the charge of a chat or of embeddings.
 *
 * @param {Model} model
 * @param {import("./reply.js").Usage} usage
 * @returns {Charge | null} Null where the model lists no prices of tokens.
 */
export function ofTokens(model, usage) {
  const prices = model.model_spec.pricing;
  if (!prices?.input) return null;
  const cached = Math.min(usage.prompt_tokens_details?.cached_tokens ?? 0, usage.prompt_tokens);
  const rows = [
    row(usage.prompt_tokens - cached, prices.input.usd),
    row(cached, (prices.cache_input ?? prices.input).usd),
    row(usage.completion_tokens ?? 0, prices.output?.usd ?? 0),
  ];
  const free = model.type === "text" && !usage.completion_tokens;
  return listed(free ? 0 : rows.reduce((sum, nano) => sum + nano, 0));
}

/**
 * Return the charge of so many characters that are read aloud.
 *
 * @param {Model} model
 * @param {number} characters
 */
export const ofCharacters = (model, characters) =>
  model.model_spec.pricing?.input ? listed(row(characters, model.model_spec.pricing.input.usd)) : null;

/**
 * Return the charge of a number of units with a price each.
 *
 * @param {number} units
 * @param {{usd: number} | undefined} price
 */
export const ofUnits = (units, price) => (price ? listed(Math.ceil(round(units * price.usd * NANO))) : null);

/**
 * Return the charge of a request as the ledger has it; null where it has no row.
 *
 * @param {unknown} page A page of GET /billing/usage.
 * @param {string} requestId
 * @returns {Charge | null}
 */
export function fromLedger(page, requestId) {
  const rows = /** @type {any} */ (page)?.data;
  if (!requestId || !Array.isArray(rows)) return null;
  const own = rows.filter((one) => String(one?.inferenceDetails?.requestId ?? "").endsWith(requestId));
  if (own.length === 0) return null;
  const sum = (/** @type {any[]} */ some) => some.reduce((total, one) => total - Math.round(one.amount * NANO), 0) / NANO;
  return { usd: sum(own), diem: sum(own.filter((one) => one.currency === "DIEM")), isExact: true };
}

/** @param {number} nano @returns {Charge} */
const listed = (nano) => ({ usd: nano / NANO, diem: 0, isExact: false });

/**
 * @param {number} units
 * @param {number} usdPerMillion
 * @returns {number} Nano-dollars.
 */
const row = (units, usdPerMillion) => Math.ceil(round((units * usdPerMillion * NANO) / MILLION));

/** Removes the noise of binary fractions, so that 1.0000000000000002 is not rounded up to 2. @param {number} value */
const round = (value) => Number(value.toPrecision(14));
