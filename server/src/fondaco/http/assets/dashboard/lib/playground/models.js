/**
 * The models of GET /models, as the playground chooses among them.
 */

/**
 * @typedef {object} Price
 * @property {number} usd
 */

/**
 * @typedef {object} Spec
 * @property {string} name
 * @property {boolean} offline
 * @property {string} [offlineReason]
 * @property {string[]} traits
 * @property {string} [description]
 * @property {string} [privacy]
 * @property {number} [availableContextTokens]
 * @property {Record<string, any>} [capabilities]
 * @property {Record<string, any>} [constraints]
 * @property {Record<string, any>} [pricing]
 * @property {Record<string, any>} [videoPricing]
 * @property {string[]} [voices]
 * @property {{date: string}} [deprecation]
 */

/**
 * @typedef {object} Model
 * @property {string} id
 * @property {string} type
 * @property {Spec} model_spec
 */

/**
 * Return the voice of a speech model that the API uses where a request names none.
 *
 * @param {Model} model
 */
export function defaultVoice(model) {
  const voices = model.model_spec.voices ?? [];
  return voices.length === 0 || voices.includes(VOICE) ? VOICE : voices[0];
}

/** The API's default; a model without it speaks with the nearest of its voices. */
const VOICE = "af_sky";

/** The types in the order of the picker, with their names. */
export const TYPES = /** @type {const} */ ([
  ["text", "Chat"],
  ["image", "Images"],
  ["inpaint", "Image edits"],
  ["upscale", "Larger images"],
  ["tts", "Speech"],
  ["asr", "Transcription"],
  ["embedding", "Embeddings"],
  ["video", "Videos"],
]);

/**
 * Return why a model cannot be tried here; empty where it can.
 *
 * @param {Model} model
 */
export function hindrance(model) {
  if (model.model_spec.capabilities?.supportsE2EE) return "takes encrypted content only: use the Python client";
  const { offline, offlineReason } = model.model_spec;
  if (offline) return offlineReason === "not_installed" ? "is not installed" : "is not available";
  return "";
}

/**
 * Return the models by type, those that can be tried first.
 *
 * @param {Model[]} models
 * @returns {{type: string, name: string, models: Model[]}[]} Types without models are left out.
 */
export function grouped(models) {
  const names = new Map(/** @type {Iterable<[string, string]>} */ (TYPES));
  const types = [...new Set([...names.keys(), ...models.map((model) => model.type)])];
  return types
    .map((type) => ({
      type,
      name: names.get(type) ?? type,
      models: models
        .filter((model) => model.type === type)
        .sort((one, other) => Number(hindrance(one) !== "") - Number(hindrance(other) !== "")),
    }))
    .filter((group) => group.models.length > 0);
}

/**
 * Return the model that a name asks for: by its id, else by a trait.
 *
 * @param {Model[]} models
 * @param {string} name
 */
export const named = (models, name) =>
  models.find((model) => model.id === name) ??
  models.find((model) => model.type === "text" && model.model_spec.traits.includes(name) && !hindrance(model));

/**
 * Return the model to begin with: the default chat model, else the first that can be tried.
 *
 * @param {Model[]} models
 */
export const first = (models) =>
  named(models, "default") ?? models.find((model) => model.type === "text" && !hindrance(model)) ??
  models.find((model) => !hindrance(model));
