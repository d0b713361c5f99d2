/**
 * A request as code: for curl, Python (`openai`, `venice_ai`) and TypeScript (`openai`).
 *
 * The key is read from the environment, so that no sample holds a secret. Contents are quoted for their language,
 * whatever they are; files are read from disk, since a data URL would hide the code.
 */

import { curl } from "./samples/curl.js";
import { pythonOpenai, pythonVenice } from "./samples/python.js";
import { hole } from "./samples/shared.js";
import { typescript } from "./samples/typescript.js";

/**
 * @typedef {object} Attachment
 * @property {string} path Where in the body the data URL stands, such as `messages.0.content.1.image_url.url`.
 * @property {string} file Its name on disk.
 * @property {string} type Its media type.
 */

/**
 * A request to show.
 *
 * @typedef {object} SampleRequest
 * @property {"chat" | "image" | "speech" | "embedding" | "video" | "upscale" | "edit" | "transcription" | "translation"} kind
 * @property {Record<string, unknown>} body JSON; of `edit`, `transcription` and `translation` the fields of a form.
 * @property {Attachment[]} attachments
 */

/** @typedef {{language: "bash" | "python" | "typescript", name: string, code: string}} Sample */

/**
 * Return a request as code, in every language that has a client for it.
 *
 * @param {SampleRequest} request
 * @param {string} url The base URL of the API, without a slash at its end.
 * @returns {Sample[]}
 */
export function samplesOf(request, url) {
  const prepared = { ...request, body: holed(request) };
  /** @type {Sample[]} */
  const samples = [
    { language: "bash", name: "curl", code: curl(prepared, url) },
    { language: "python", name: "Python · openai", code: pythonOpenai(prepared, url) },
    { language: "python", name: "Python · venice_ai", code: pythonVenice(prepared, url) },
    { language: "typescript", name: "TypeScript · openai", code: typescript(prepared, url) },
  ];
  return samples.filter(({ code }) => code !== "");
}

/**
 * Split the data URLs off a chat's messages, as files that a sample reads.
 *
 * @param {Record<string, unknown>[]} messages
 * @returns {Attachment[]}
 */
export function attachmentsOf(messages) {
  /** @type {Attachment[]} */
  const found = [];
  messages.forEach(({ content }, message) => {
    if (!Array.isArray(content)) return;
    content.forEach((part, place) => {
      const url = part?.image_url?.url;
      const type = typeof url === "string" ? /^data:([\w/+.-]+)[;,]/.exec(url)?.[1] : undefined;
      if (!type) return;
      const file = `image-${found.length + 1}.${type.split("/")[1].replace("jpeg", "jpg")}`;
      found.push({ path: `messages.${message}.content.${place}.image_url.url`, file, type });
    });
  });
  return found;
}

/** @param {SampleRequest} request */
function holed({ body, attachments }) {
  const copy = structuredClone(body);
  attachments.forEach(({ path }, place) => {
    const steps = path.split(".");
    const last = /** @type {string} */ (steps.pop());
    const parent = steps.reduce((/** @type {any} */ value, step) => value[step], copy);
    parent[last] = hole(place);
  });
  return copy;
}
