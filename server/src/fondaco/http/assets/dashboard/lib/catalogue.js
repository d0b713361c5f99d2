/** The models of the catalogue as a person reads them: kinds, prices, capabilities, states. */
import { money, number } from "./format.js";

/** @typedef {{usd: number, diem: number}} Amount */

/**
 * The parts of `model_spec` that a page shows; which of them there are depends on the type.
 *
 * @typedef {object} ModelSpec
 * @property {string} name
 * @property {"private" | "anonymized"} privacy
 * @property {string[]} traits
 * @property {boolean} offline whether it cannot be served
 * @property {"not_installed" | "withdrawn" | "unreachable"} [offlineReason]
 * @property {boolean} betaModel
 * @property {string} modelSource address of its card, or empty
 * @property {string} [description]
 * @property {number} [availableContextTokens]
 * @property {Record<string, boolean | string>} [capabilities]
 * @property {Record<string, any>} [constraints]
 * @property {Record<string, any>} [pricing]
 * @property {{video: Amount, second: Record<string, Amount>, soundSecond: Amount}} [videoPricing]
 * @property {string[]} [voices]
 * @property {{date: string}} [deprecation]
 */

/** @typedef {{id: string, type: string, created: number, model_spec: ModelSpec}} Model */

/**
 * The types in the order of the page, each with its name, and that of one model of it.
 *
 * @type {{type: string, title: string, one: string}[]}
 */
export const TYPES = [
  { type: "text", title: "Chat", one: "Chat" },
  { type: "embedding", title: "Embeddings", one: "Embedding" },
  { type: "image", title: "Image generation", one: "Image" },
  { type: "inpaint", title: "Image editing", one: "Image editing" },
  { type: "upscale", title: "Upscaling", one: "Upscaling" },
  { type: "tts", title: "Speech", one: "Speech" },
  { type: "asr", title: "Transcription", one: "Transcription" },
  { type: "video", title: "Video", one: "Video" },
];

/** The name of a model's type. @param {Model} model */
export const typeOf = ({ type }) => TYPES.find((one) => one.type === type)?.one ?? type;

const CAPABILITIES = {
  supportsFunctionCalling: "Functions",
  supportsResponseSchema: "JSON schema",
  supportsReasoning: "Reasoning",
  supportsVision: "Vision",
  supportsWebSearch: "Web search",
  supportsLogProbs: "Log probabilities",
  optimizedForCode: "Code",
  supportsE2EE: "End-to-end encrypted",
  supportsTeeAttestation: "Attestation",
};

/**
 * Return the names of what a model can do.
 *
 * @param {Model} model
 */
export function capabilities({ model_spec: spec }) {
  const able = spec.capabilities ?? {};
  return Object.entries(CAPABILITIES)
    .filter(([name]) => able[name] === true)
    .map(([, title]) => title);
}

/** Whether only clients that encrypt can use the model. @param {Model} model */
export const isEncrypted = (model) => model.model_spec.capabilities?.supportsE2EE === true;

/** The model whose files serve this one, too. @param {Model} model */
export const filesOf = (model) => (isEncrypted(model) ? model.id.replace(/^e2ee-/, "") : model.id);

/**
 * Return what a model costs, a row for each thing that is charged. A price in USD is the same in DIEM.
 *
 * @param {Model} model
 * @returns {{label: string, amount: number, unit: string}[]}
 */
export function prices({ type, model_spec: { pricing = {}, videoPricing } }) {
  const row = (/** @type {string} */ label, /** @type {Amount | undefined} */ price, /** @type {string} */ unit) =>
    price === undefined ? [] : [{ label, amount: price.usd, unit }];
  switch (type) {
    case "text":
      return [
        ...row("Input", pricing.input, "per million tokens"),
        ...row("Cached input", pricing.cache_input, "per million tokens"),
        ...row("Output", pricing.output, "per million tokens"),
      ];
    case "embedding":
      return row("Input", pricing.input, "per million tokens");
    case "tts":
      return row("Input", pricing.input, "per million characters");
    case "asr":
      return row("Recording", pricing.per_audio_second, "per second");
    case "image":
      return row("Image", pricing.generation, "each");
    case "inpaint":
      return row("Edited image", pricing.inpaint, "each");
    case "upscale":
      return [...row("Twice the size", pricing.upscale?.["2x"], "each"), ...row("Four times", pricing.upscale?.["4x"], "each")];
    case "video":
      return [
        ...row("Video", videoPricing?.video, "each"),
        ...Object.entries(videoPricing?.second ?? {}).flatMap(([resolution, price]) => row(resolution, price, "per second")),
        ...row("Sound", videoPricing?.soundSecond, "per second"),
      ].filter(({ amount }) => amount > 0);
    default:
      return [];
  }
}

/**
 * Return a model's prices in one line, such as "$0.05 in, $0.15 out per million tokens".
 *
 * @param {Model} model
 */
export function priceLine(model) {
  const rows = prices(model);
  if (rows.every(({ amount }) => amount === 0)) return "Free";
  if (model.type === "text") {
    const amounts = Object.fromEntries(rows.map(({ label, amount }) => [label, money(amount)]));
    return `${amounts.Input} in, ${amounts.Output} out per million tokens`;
  }
  const [first] = rows;
  const from = rows.length > 1 ? "from " : "";
  return `${from}${money(first.amount)} ${first.unit === "each" ? "each" : first.unit}`;
}

/**
 * Return how much a model takes at once, where it says so.
 *
 * @param {Model} model
 */
export function sizeLine({ model_spec: spec }) {
  if (spec.availableContextTokens) return `${number(spec.availableContextTokens)} tokens of context`;
  if (spec.constraints?.promptCharacterLimit) return `prompts of ${number(spec.constraints.promptCharacterLimit)} characters`;
  if (spec.voices) return spec.voices.length === 1 ? "one voice" : `${number(spec.voices.length)} voices`;
  return spec.description?.replace(/\.$/, "") ?? "";
}

/**
 * Return whether a model matches what was typed: each word in its name, id, traits or capabilities.
 *
 * @param {Model} model
 * @param {string} typed
 */
export function matches(model, typed) {
  const { name, traits, privacy } = model.model_spec;
  const text = [model.id, name, model.type, privacy, ...traits, ...capabilities(model)].join(" ").toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
