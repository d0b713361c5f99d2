/** What samples of all languages share: paths, files, and the fields that the client `openai` knows. */

/** @typedef {import("../samples.js").Attachment} Attachment */

/** A placeholder for a file, while a body is written; no caller can know it. @param {number} place */
export const hole = (place) => `\u0000file-${place}\u0000`;

export const PATHS = {
  chat: "chat/completions",
  image: "image/generate",
  speech: "audio/speech",
  embedding: "embeddings",
  video: "video/queue",
  upscale: "image/upscale",
  edit: "images/edits",
  transcription: "audio/transcriptions",
  translation: "audio/translations",
};
export const FILES = { image: "picture.webp", speech: "speech.mp3", upscale: "larger.png", edit: "edited.png", video: "video.mp4" };
export const FORMS = new Set(["edit", "transcription", "translation"]);

/** @param {string} text */
export const shellWord = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`);

/** Fields that the client `openai` knows; others go in `extra_body`. */
export const OPENAI_FIELDS = new Set([
  "model", "messages", "stream", "stream_options", "temperature", "top_p", "frequency_penalty", "presence_penalty",
  "seed", "max_completion_tokens", "stop", "response_format", "tools", "tool_choice", "parallel_tool_calls",
  "reasoning_effort", "prompt_cache_key", "input", "voice", "speed", "instructions", "dimensions", "encoding_format",
  "prompt", "image", "n", "size", "output_format", "background", "file", "language", "timestamp_granularities",
]);

/** @param {Record<string, unknown>} body */
export const speechFile = (body) => `speech.${body.response_format ?? "mp3"}`;

/**
 * @param {unknown} value
 * @param {Attachment[]} attachments
 */
export function fileOf(value, attachments) {
  const found = typeof value === "string" ? /^\u0000file-(\d+)\u0000$/.exec(value) : null;
  return found ? attachments[Number(found[1])] : undefined;
}
