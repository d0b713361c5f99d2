/**
 * The calls of models that do not chat: images, speech, embeddings, transcripts, edits, upscaling.
 *
 * `requestOf` describes a call, for the page that makes it and for its code; `perform` makes it.
 */

import { send } from "../api.js";
import { randomId } from "../ids.js";
import { ofCharacters, ofTokens, ofUnits } from "./charges.js";
import { defaultVoice } from "./models.js";

/** @typedef {import("./models.js").Model} Model */
/** @typedef {import("./charges.js").Charge} Charge */
/** @typedef {import("./samples.js").SampleRequest} SampleRequest */

/**
 * What a person has entered.
 *
 * @typedef {object} Draft
 * @property {string} prompt
 * @property {string[]} texts Of embeddings.
 * @property {File | null} file
 * @property {boolean} translates Of transcripts: whether they are in English.
 */

/** @type {Draft} */
export const EMPTY_DRAFT = { prompt: "", texts: ["", ""], file: null, translates: false };

/**
 * @typedef {object} Result
 * @property {string} id
 * @property {string} model
 * @property {string} prompt
 * @property {{url: string, name: string, type: string, label: string}[]} files Blob URLs.
 * @property {string} text A transcript.
 * @property {number[][] | null} vectors
 * @property {string[]} texts Those of the vectors.
 * @property {string[]} notes What else the response says.
 * @property {Charge | null} charge
 * @property {number} durationMs
 * @property {string} requestId
 */

/** Media types by format; `pcm` has none that browsers play. @type {Record<string, string>} */
const TYPES = {
  webp: "image/webp", png: "image/png", jpeg: "image/jpeg",
  mp3: "audio/mpeg", opus: "audio/ogg", aac: "audio/aac", flac: "audio/flac", wav: "audio/wav",
};

/** Endpoints by kind of request. */
const PATHS = {
  image: "api/v1/image/generate",
  speech: "api/v1/audio/speech",
  embedding: "api/v1/embeddings",
  upscale: "api/v1/image/upscale",
  edit: "api/v1/images/edits",
  transcription: "api/v1/audio/transcriptions",
  translation: "api/v1/audio/translations",
  video: "api/v1/video/queue",
};

/**
 * Return the request of a draft. Files stand in it by name; `perform` sends the files themselves.
 *
 * @param {Model} model
 * @param {Draft} draft
 * @param {Record<string, unknown>} fields Parameters that are set.
 * @returns {SampleRequest & {kind: keyof typeof PATHS}}
 */
export function requestOf(model, draft, fields) {
  const { prompt, file } = draft;
  const attached = (/** @type {string} */ path) =>
    file ? [{ path, file: file.name, type: file.type || "application/octet-stream" }] : [];
  switch (model.type) {
    case "image":
      return { kind: "image", body: { model: model.id, prompt, ...fields }, attachments: [] };
    case "tts":
      return { kind: "speech", body: { model: model.id, input: prompt, voice: defaultVoice(model), ...fields }, attachments: [] };
    case "embedding":
      return { kind: "embedding", body: { model: model.id, input: inputs(draft), ...fields }, attachments: [] };
    case "upscale":
      return { kind: "upscale", body: { image: file?.name ?? "", ...fields }, attachments: attached("image") };
    case "inpaint":
      return { kind: "edit", body: { model: model.id, image: file?.name ?? "", prompt, ...fields }, attachments: attached("image") };
    case "video":
      return { kind: "video", body: { model: model.id, prompt, ...videoFields(model, fields), ...(file ? { image_url: file.name } : {}) }, attachments: attached("image_url") };
    default: {
      const { language, ...rest } = fields;
      const spoken = draft.translates || language === undefined ? rest : { ...rest, language };
      return {
        kind: draft.translates ? "translation" : "transcription",
        body: { file: file?.name ?? "", model: model.id, ...spoken },
        attachments: attached("file"),
      };
    }
  }
}

/**
 * The duration is required; its default is shown in the panel.
 *
 * @param {Model} model
 * @param {Record<string, unknown>} fields
 */
const videoFields = (model, fields) => ({ duration: model.model_spec.constraints?.durations?.[0], ...fields });

/** @param {Draft} draft */
export const inputs = (draft) => draft.texts.filter((text) => text.trim() !== "");

/**
 * Return what is missing before a draft can be sent; empty for nothing.
 *
 * @param {Model} model
 * @param {Draft} draft
 */
export function missing(model, draft) {
  const needsFile = ["asr", "upscale", "inpaint"].includes(model.type);
  if (needsFile && !draft.file) return model.type === "asr" ? "Choose a recording." : "Choose a picture.";
  if (model.type === "embedding") return inputs(draft).length < 2 ? "Enter two texts or more." : "";
  const needsPrompt = ["image", "tts", "inpaint", "video"].includes(model.type);
  return needsPrompt && !draft.prompt.trim() ? "Enter a text." : "";
}

/**
 * Make a call and return its result.
 *
 * @param {Model} model
 * @param {Draft} draft
 * @param {Record<string, unknown>} fields
 * @param {boolean} isCharged
 * @param {AbortSignal} signal
 * @returns {Promise<Result>}
 * @throws {import("../api.js").ApiError}
 */
export async function perform(model, draft, fields, isCharged, signal) {
  const begun = performance.now();
  const { kind, body, attachments } = requestOf(model, draft, fields);
  const response = await send(PATHS[kind], {
    method: "POST",
    body: await payload(kind, body, attachments, draft.file),
    signal,
    timeout_s: 0,
  });
  const read = await readers[kind](response, model, draft, fields);
  return {
    id: randomId(),
    model: response.headers.get("x-venice-model-id") ?? model.id,
    prompt: draft.prompt,
    files: [],
    text: "",
    vectors: null,
    texts: [],
    notes: notesOf(response),
    requestId: response.headers.get("cf-ray") ?? "",
    durationMs: performance.now() - begun,
    ...read,
    charge: isCharged ? (read.charge ?? null) : { usd: 0, diem: 0, isExact: true },
  };
}

/**
 * @param {string} kind
 * @param {Record<string, unknown>} body
 * @param {import("./samples.js").Attachment[]} attachments
 * @param {File | null} file
 */
async function payload(kind, body, attachments, file) {
  if (kind === "upscale" && file) return { ...body, image: await dataUrl(file) };
  if (!["edit", "transcription", "translation"].includes(kind)) return body;
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) {
    if (file && attachments.some(({ path }) => path === name)) form.append(name, file);
    else form.append(name, String(value));
  }
  return form;
}

/**
 * Return a file as a data URL.
 *
 * @param {Blob} file
 * @returns {Promise<string>}
 */
export const dataUrl = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });

/** @type {Record<keyof typeof PATHS, (response: Response, model: Model, draft: Draft, fields: Record<string, any>) => Promise<Partial<Result>>>} */
const readers = {
  image: async (response, model, _draft, fields) => {
    const { images } = await response.json();
    const format = fields.format ?? "webp";
    const seeds = (response.headers.get("x-fondaco-seeds") ?? "").split(/,\s*/).filter(Boolean);
    return {
      files: images.map((/** @type {string} */ image, /** @type {number} */ place) =>
        made(bytesOf(image), TYPES[format], `${model.id}-${seeds[place] ?? place + 1}.${format}`, seeds[place] ? `Seed ${seeds[place]}` : ""),
      ),
      charge: ofUnits(images.length, model.model_spec.pricing?.generation),
    };
  },
  edit: async (response, model, _draft, fields) => {
    const { data } = await response.json();
    const format = fields.output_format ?? "png";
    return {
      files: data.map((/** @type {{b64_json: string}} */ one, /** @type {number} */ place) =>
        made(bytesOf(one.b64_json), TYPES[format], `edited-${place + 1}.${format}`, ""),
      ),
      charge: ofUnits(data.length, model.model_spec.pricing?.inpaint),
    };
  },
  upscale: async (response, model) => {
    const scale = Number(response.headers.get("x-fondaco-scale") ?? NaN);
    const prices = model.model_spec.pricing?.upscale;
    const type = response.headers.get("content-type") ?? "image/png";
    return {
      files: [made(await response.arrayBuffer(), type, "larger.png", Number.isNaN(scale) ? "" : `Enlarged ${scale} times`)],
      charge: Number.isNaN(scale) ? null : ofUnits(1, scale > 2 ? prices?.["4x"] : prices?.["2x"]),
    };
  },
  speech: async (response, model, draft, fields) => {
    const format = fields.response_format ?? "mp3";
    const voice = response.headers.get("x-fondaco-voice") ?? "";
    return {
      files: [made(await response.arrayBuffer(), TYPES[format], `speech.${format}`, voice ? `Voice ${voice}` : "")],
      charge: ofCharacters(model, [...draft.prompt].length),
    };
  },
  embedding: async (response, model, draft) => {
    const { data, usage } = await response.json();
    return {
      vectors: data.map((/** @type {{embedding: number[]}} */ one) => one.embedding),
      texts: inputs(draft),
      notes: [`${usage.prompt_tokens} tokens`, `${data[0].embedding.length} dimensions`],
      charge: ofTokens(model, { ...usage, completion_tokens: 0 }),
    };
  },
  transcription: (response, model) => transcript(response, model),
  translation: (response, model) => transcript(response, model),
  video: async () => ({}),
};

/** @param {Response} response @param {Model} model @returns {Promise<Partial<Result>>} */
async function transcript(response, model) {
  const raw = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const body = isJson ? JSON.parse(raw) : null;
  const seconds = body?.usage?.seconds;
  const isDetailed = body && Array.isArray(body.segments);
  return {
    text: isDetailed ? JSON.stringify(body, null, 2) : (body?.text ?? raw),
    charge: seconds === undefined ? null : ofUnits(seconds, model.model_spec.pricing?.per_audio_second),
    notes: seconds === undefined ? [] : [`${seconds} s of sound`],
  };
}

/** @param {Response} response */
function notesOf(response) {
  const ignored = response.headers.get("x-fondaco-ignored-params");
  return [
    ...(response.headers.get("x-fondaco-prompt-understood") === "false" ? ["The model understood nothing of the prompt."] : []),
    ...(response.headers.get("x-venice-is-blurred") === "true" ? ["Blurred by safe mode."] : []),
    ...(ignored ? [`No effect: ${ignored}.`] : []),
  ];
}

/**
 * @param {BlobPart} content
 * @param {string} type
 * @param {string} name
 * @param {string} label
 */
const made = (content, type, name, label) => ({ url: URL.createObjectURL(new Blob([content], { type })), name, type, label });

/** @param {string} base64 */
function bytesOf(base64) {
  const text = atob(base64.slice(base64.indexOf(",") + 1));
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0));
}

/**
 * Return the similarity of two vectors: the cosine of their angle.
 *
 * @param {number[]} one
 * @param {number[]} other
 */
export function similarity(one, other) {
  let dot = 0;
  let length = 0;
  let otherLength = 0;
  one.forEach((value, place) => {
    dot += value * other[place];
    length += value * value;
    otherLength += other[place] * other[place];
  });
  return length && otherLength ? dot / Math.sqrt(length * otherLength) : 0;
}
