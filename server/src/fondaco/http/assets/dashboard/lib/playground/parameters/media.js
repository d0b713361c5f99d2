/**
 * The parameters of models that do not chat.
 *
 * Source: the guides of images, speech, transcription, embeddings and video.
 */

import { defaultVoice } from "../models.js";

/** @typedef {import("../models.js").Model} Model */
/** @typedef {import("../parameters.js").Parameter} Parameter */
/** @typedef {import("../parameters.js").Section} Section */
/** @typedef {import("../parameters.js").Offer} Offer */

/**
 * @param {Model} model
 * @param {Offer} offer
 * @returns {Section[]}
 */
export function image(model, offer) {
  const { steps, widthHeightDivisor: divisor = 8, promptCharacterLimit = 1500 } = model.model_spec.constraints ?? {};
  return [
    {
      title: "Picture",
      parameters: [
        { name: "style_preset", label: "Style", kind: "choice", choices: offer.styles, standard: "none", help: "Adds words to the prompts." },
        { name: "negative_prompt", label: "Negative prompt", kind: "text", most: promptCharacterLimit, standard: "none", help: "What the image must not show." },
        { name: "width", label: "Width", kind: "integer", min: divisor, max: 1280, step: divisor, unit: "pixels", standard: "the model's", help: `A multiple of ${divisor}, up to 1280.` },
        { name: "height", label: "Height", kind: "integer", min: divisor, max: 1280, step: divisor, unit: "pixels", standard: "the model's", help: `A multiple of ${divisor}, up to 1280.` },
        { name: "aspect_ratio", label: "Aspect ratio", kind: "choice", choices: ["1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16"], standard: "none", help: "In place of width and height." },
        { name: "resolution", label: "Resolution", kind: "choice", choices: ["1K", "2K", "4K"], standard: "1K", help: "With an aspect ratio: as many pixels as a square of this side." },
        { name: "variants", label: "Variants", kind: "integer", min: 1, max: 4, unit: "images", standard: 1, help: "Each with the next seed; each is charged." },
      ],
    },
    {
      title: "Generation",
      parameters: [
        { name: "steps", label: "Steps", kind: "integer", min: 1, max: steps?.max ?? 100, standard: steps?.default ?? "the model's", help: "More steps take longer and may show more detail." },
        { name: "cfg_scale", label: "Guidance", kind: "number", min: 0.1, max: 20, step: 0.5, standard: "the model's", help: "How closely the prompt is followed." },
        { name: "seed", label: "Seed", kind: "integer", min: -999999999, max: 999999999, standard: "random", help: "The same seed and request give the same image, where the engine can." },
        { name: "lora_strength", label: "LoRA strength", kind: "integer", min: 0, max: 100, unit: "%", standard: "the model's", help: "For models that load LoRAs; others ignore it." },
      ],
    },
    {
      title: "File",
      parameters: [
        { name: "format", label: "Format", kind: "choice", choices: ["webp", "png", "jpeg"], standard: "webp", help: "The format of the file." },
        { name: "safe_mode", label: "Safe mode", kind: "switch", standard: true, help: "Blurs images that a classifier takes for adult ones, where it is installed." },
        { name: "embed_exif_metadata", label: "Parameters in EXIF", kind: "switch", standard: false, help: "Writes prompt and parameters into the file." },
        { name: "hide_watermark", label: "Hide watermark", kind: "switch", standard: false, help: "Accepted: no image of this server has a watermark." },
      ],
    },
  ];
}

/** @param {Model} model @returns {Section[]} */
export function speech(model) {
  const voices = model.model_spec.voices ?? [];
  return [
    {
      title: "Voice",
      parameters: [
        { name: "voice", label: "Voice", kind: "choice", choices: voices, standard: defaultVoice(model), help: "The voices that this model has." },
        { name: "speed", label: "Speed", kind: "number", min: 0.25, max: 4, step: 0.05, standard: 1, help: "1 is the voice's own speed. The pitch stays." },
        { name: "response_format", label: "Format", kind: "choice", choices: ["mp3", "opus", "aac", "flac", "wav"], standard: "mp3", help: "The format of the file." },
        { name: "instructions", label: "Instructions", kind: "text", most: 4096, standard: "none", help: "How to speak; models that do not heed them ignore them." },
      ],
    },
  ];
}

/** @type {Parameter} */
export const DIMENSIONS = { name: "dimensions", label: "Dimensions", kind: "integer", min: 1, max: 16384, standard: "the model's", help: "Shorter vectors, for models whose card allows it." };

/** @type {Parameter[]} */
export const TRANSCRIPT = [
  { name: "language", label: "Language", kind: "text", most: 10, standard: "recognised", help: "What is spoken, as an ISO 639-1 code such as en." },
  { name: "prompt", label: "Prompt", kind: "text", most: 2000, standard: "none", help: "Text that precedes the speech: names and spellings to expect." },
  { name: "response_format", label: "Format", kind: "choice", choices: ["json", "text", "srt", "vtt", "verbose_json"], standard: "json", help: "srt and vtt are subtitles; verbose_json has times." },
  { name: "temperature", label: "Temperature", kind: "number", min: 0, max: 1, step: 0.1, standard: 0, help: "At 0 the likeliest words." },
];

/** @type {Parameter[]} */
export const UPSCALING = [
  { name: "scale", label: "Scale", kind: "number", min: 1, max: 4, step: 0.5, standard: 2, help: "Factor of width and height. 1 needs Enhance." },
  { name: "enhance", label: "Enhance", kind: "switch", standard: false, help: "Redraws details." },
  { name: "enhanceCreativity", label: "Creativity", kind: "number", min: 0, max: 1, step: 0.1, standard: 0.5, help: "With Enhance: how far the result may depart from the picture." },
  { name: "enhancePrompt", label: "Enhance prompt", kind: "text", most: 1500, standard: "none", help: "With Enhance: a look, such as gold or pencil sketch." },
  { name: "replication", label: "Replication", kind: "number", min: 0, max: 1, step: 0.05, standard: 0.35, help: "With Enhance: how strongly the picture's own lines and noise stay." },
];

/** @type {Parameter[]} */
export const EDIT = [
  { name: "n", label: "Variants", kind: "integer", min: 1, max: 4, unit: "images", standard: 1, help: "Each is charged." },
  { name: "size", label: "Size", kind: "text", most: 11, standard: "the picture's", help: "WIDTHxHEIGHT in pixels." },
  { name: "output_format", label: "Format", kind: "choice", choices: ["png", "jpeg", "webp"], standard: "png", help: "The format of the file." },
  { name: "background", label: "Background", kind: "choice", choices: ["auto", "transparent", "opaque"], standard: "auto", help: "transparent removes the background." },
];

/** @param {Model} model @returns {Section[]} */
export function video(model) {
  const { durations = [], resolutions = [], aspect_ratios = [], audio, audio_configurable } = model.model_spec.constraints ?? {};
  return [
    {
      title: "Video",
      parameters: [
        { name: "duration", label: "Duration", kind: "choice", choices: durations, standard: durations[0], help: "The durations that this model makes." },
        { name: "resolution", label: "Resolution", kind: "choice", choices: resolutions, standard: "720p", help: "The shorter side." },
        { name: "aspect_ratio", label: "Aspect ratio", kind: "choice", choices: aspect_ratios, standard: "the picture's", help: "Width to height." },
        { name: "negative_prompt", label: "Negative prompt", kind: "text", most: 2500, standard: "none", help: "What the video must not show." },
        ...(audio && audio_configurable ? [/** @type {Parameter} */ ({ name: "audio", label: "Sound", kind: "switch", standard: true, help: "Whether the video has sound." })] : []),
      ],
    },
  ];
}
