/** What the server offers the playground: models, characters, styles. */

import { get } from "../api.js";

/** @typedef {import("./models.js").Model} Model */
/** @typedef {import("./parameters.js").Offer} Offer */

/** @param {AbortSignal} signal @returns {Promise<Model[]>} */
export const loadModels = async (signal) => (await get("api/v1/models", { type: "all" }, signal)).data;

/**
 * Return characters and styles; what fails to load is absent, as no conversation needs it.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<Offer>}
 */
export async function loadOffer(signal) {
  const [characters, styles] = await Promise.all([
    get("api/v1/characters", { limit: 100 }, signal).catch(() => null),
    get("api/v1/image/styles", {}, signal).catch(() => null),
  ]);
  return {
    characters: (characters?.data ?? []).map((/** @type {any} */ one) => ({ slug: one.slug, name: one.name })),
    styles: styles?.data ?? [],
  };
}
