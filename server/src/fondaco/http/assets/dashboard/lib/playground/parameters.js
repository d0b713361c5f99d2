/**
 * The parameters of each kind of model: what a side panel shows of them, and what a request sends.
 *
 * A parameter that is not set is not sent, so that the server's default applies.
 */

import { chat } from "./parameters/chat.js";
import { DIMENSIONS, EDIT, TRANSCRIPT, UPSCALING, image, speech, video } from "./parameters/media.js";

export { NOT_SHOWN } from "./parameters/chat.js";

/** @typedef {import("./models.js").Model} Model */

/**
 * @typedef {object} Parameter
 * @property {string} name The field of the request; a dot leads into an object.
 * @property {string} label
 * @property {string} help
 * @property {"number" | "integer" | "text" | "lines" | "choice" | "switch" | "json"} kind
 *   `lines`: a list with an item a line. `json`: a value in JSON.
 * @property {string} [unit]
 * @property {number} [min]
 * @property {number} [max]
 * @property {number} [step]
 * @property {number} [most] Of `lines`: how many; of `text`: how many characters.
 * @property {readonly (string | readonly [string, string])[]} [choices] Values, or values with their labels.
 * @property {string | number | boolean} [standard] What applies where nothing is set.
 * @property {string} [example] Of `json`: a value to begin with.
 * @property {(parsed: any) => string} [check] Of `json`: what is wrong with a value; empty for nothing.
 */

/** @typedef {{title: string, parameters: Parameter[]}} Section */

/**
 * What the server offers beside models.
 *
 * @typedef {object} Offer
 * @property {{slug: string, name: string}[]} characters
 * @property {string[]} styles
 */

/**
 * Return the sections of a model's parameters.
 *
 * @param {Model} model
 * @param {Offer} offer
 * @returns {Section[]}
 */
export function sectionsOf(model, offer) {
  switch (model.type) {
    case "text":
      return chat(model, offer);
    case "image":
      return image(model, offer);
    case "tts":
      return speech(model);
    case "embedding":
      return [{ title: "Vectors", parameters: [DIMENSIONS] }];
    case "asr":
      return [{ title: "Transcript", parameters: TRANSCRIPT }];
    case "video":
      return video(model);
    case "upscale":
      return [{ title: "Upscaling", parameters: UPSCALING }];
    case "inpaint":
      return [{ title: "Result", parameters: EDIT }];
    default:
      return [];
  }
}

/**
 * Return the parameters that are set and that the model has, as fields of a request.
 *
 * @param {Section[]} sections
 * @param {Record<string, unknown>} values By name.
 * @returns {Record<string, unknown>}
 */
export function fieldsOf(sections, values) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const { parameters } of sections) {
    for (const parameter of parameters) {
      const value = values[parameter.name];
      if (value === undefined || fault(parameter, value)) continue;
      const path = parameter.name.split(".");
      const last = /** @type {string} */ (path.pop());
      let place = body;
      for (const name of path) place = place[name] ??= {};
      place[last] = sent(parameter, value);
    }
  }
  return body;
}

/**
 * Return what is wrong with a parameter's value; empty for nothing.
 *
 * @param {Parameter} parameter
 * @param {unknown} value Undefined: it is not set.
 * @returns {string}
 */
export function fault(parameter, value) {
  if (value === undefined) return "";
  const { kind, min = -Infinity, max = Infinity, most = Infinity } = parameter;
  switch (kind) {
    case "number":
    case "integer":
      if (typeof value !== "number" || !Number.isFinite(value)) return "Enter a number.";
      if (kind === "integer" && !Number.isInteger(value)) return "Enter a whole number.";
      return value < min || value > max ? `Enter a number ${range(min, max)}.` : "";
    case "json":
      return jsonFault(parameter, String(value));
    case "lines": {
      const lines = linesOf(value);
      if (parameter.name === "stop_token_ids" && !lines.every((line) => /^\d+$/.test(line))) return "Enter whole numbers, one a line.";
      return lines.length > most ? `At most ${most} lines.` : "";
    }
    case "text":
      return String(value).length > most ? `At most ${most} characters.` : "";
    default:
      return "";
  }
}

/** @param {number} min @param {number} max */
const range = (min, max) =>
  min === -Infinity ? `up to ${max}` : max === Infinity ? `from ${min}` : `from ${min} to ${max}`;

/** @param {Parameter} parameter @param {string} text */
function jsonFault(parameter, text) {
  try {
    return parameter.check?.(JSON.parse(text)) ?? "";
  } catch (error) {
    return `This is not JSON: ${/** @type {Error} */ (error).message}`;
  }
}

/** @param {Parameter} parameter @param {unknown} value */
function sent(parameter, value) {
  if (parameter.kind === "json") return JSON.parse(String(value));
  if (parameter.kind === "lines") {
    const lines = linesOf(value);
    if (parameter.name === "stop_token_ids") return lines.map(Number);
    return lines.map((line) => line.replaceAll("\\n", "\n"));
  }
  return value;
}

/** @param {unknown} value */
const linesOf = (value) => String(value).split("\n").filter((line) => line !== "");
