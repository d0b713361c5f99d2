/**
 * The parameters of each kind of model: what a side panel shows of them, and what a request sends.
 *
 * A parameter that is not set is not sent, so that the server's default applies.
 *
 * Source: docs/guide/chat-completions.md and the guides of images, speech, transcription, embeddings and video.
 */

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

/** Functions to try the form with. */
const TOOLS_EXAMPLE = JSON.stringify(
  [
    {
      type: "function",
      function: {
        name: "get_weather",
        description: "Current weather of a city",
        parameters: {
          type: "object",
          properties: { city: { type: "string", maxLength: 30 } },
          required: ["city"],
        },
      },
    },
  ],
  null,
  2,
);

const FORMAT_EXAMPLE = JSON.stringify(
  {
    type: "json_schema",
    json_schema: {
      name: "answer",
      strict: true,
      schema: {
        type: "object",
        properties: { answer: { type: "string", maxLength: 200 } },
        required: ["answer"],
        additionalProperties: false,
      },
    },
  },
  null,
  2,
);

/** @param {any} tools */
function toolsFault(tools) {
  if (!Array.isArray(tools)) return "Enter a list of functions: [ ... ].";
  const unnamed = tools.findIndex((tool) => typeof tool?.function?.name !== "string");
  return unnamed < 0 ? "" : `Function ${unnamed + 1} has no name: {"type": "function", "function": {"name": ...}}.`;
}

/** @param {any} format */
const formatFault = (format) =>
  ["text", "json_object", "json_schema"].includes(format?.type)
    ? ""
    : 'Enter an object whose "type" is "text", "json_object" or "json_schema".';

/**
 * @param {Model} model
 * @param {Offer} offer
 * @returns {Section[]}
 */
function chat(model, offer) {
  const { capabilities = {}, constraints = {}, availableContextTokens } = model.model_spec;
  /** @type {Section[]} */
  const sections = [
    {
      title: "Sampling",
      parameters: [
        { name: "temperature", label: "Temperature", kind: "number", min: 0, max: 2, step: 0.1, standard: constraints.temperature?.default, help: "How random the answer is; 0 always picks the likeliest token." },
        { name: "top_p", label: "Top P", kind: "number", min: 0, max: 1, step: 0.05, standard: constraints.top_p?.default, help: "Samples from the likeliest tokens that together have this probability." },
        { name: "top_k", label: "Top K", kind: "integer", min: 0, max: 2 ** 31 - 1, unit: "tokens", standard: "no limit", help: "Samples from so many of the likeliest tokens; 0: no limit." },
        { name: "min_p", label: "Min P", kind: "number", min: 0, max: 1, step: 0.05, standard: "no limit", help: "Drops tokens below this share of the likeliest token's probability." },
        { name: "min_temp", label: "Min temperature", kind: "number", min: 0, max: 2, step: 0.1, standard: "off", help: "With Max temperature: the temperature where the model is certain." },
        { name: "max_temp", label: "Max temperature", kind: "number", min: 0, max: 2, step: 0.1, standard: "off", help: "With Min temperature: the temperature where many tokens are equally likely." },
        { name: "frequency_penalty", label: "Frequency penalty", kind: "number", min: -2, max: 2, step: 0.1, standard: 0, help: "Above 0, tokens that came often come less." },
        { name: "presence_penalty", label: "Presence penalty", kind: "number", min: -2, max: 2, step: 0.1, standard: 0, help: "Above 0, tokens that came at all come less." },
        { name: "repetition_penalty", label: "Repetition penalty", kind: "number", min: 0, max: 10, step: 0.05, standard: "none", help: "Above 1, tokens of prompt and answer come less; 1: none." },
        { name: "seed", label: "Seed", kind: "integer", min: 0, max: Number.MAX_SAFE_INTEGER, standard: "random", help: "The same seed and request give the same answer, on a best-effort basis." },
      ],
    },
    {
      title: "Length",
      parameters: [
        { name: "max_completion_tokens", label: "Max completion tokens", kind: "integer", min: 1, max: availableContextTokens ?? 2 ** 31 - 1, unit: "tokens", standard: "up to the context", help: "The longest answer, reasoning included. A lower value also holds less of the balance." },
        { name: "stop", label: "Stop sequences", kind: "lines", most: 4, standard: "none", help: "Up to 4, one a line; \\n stands for a line break. The answer ends before the first that appears." },
        { name: "stop_token_ids", label: "Stop token ids", kind: "lines", most: 100, standard: "none", help: "Ids of the model's own tokens, one a line." },
      ],
    },
  ];
  if (capabilities.supportsResponseSchema) {
    sections.push({
      title: "Format",
      parameters: [
        { name: "response_format", label: "Response format", kind: "json", example: FORMAT_EXAMPLE, check: formatFault, standard: "text", help: "JSON mode, or a JSON Schema that the answer must match. Describe the format in the prompt as well." },
      ],
    });
  }
  if (capabilities.supportsFunctionCalling) {
    sections.push({
      title: "Tools",
      parameters: [
        { name: "tools", label: "Functions", kind: "json", example: TOOLS_EXAMPLE, check: toolsFault, standard: "none", help: "Functions that the model may call. You answer its calls by hand." },
        { name: "tool_choice", label: "Tool choice", kind: "choice", choices: ["auto", "required", "none"], standard: "auto", help: "Whether the model may, must or must not call a function." },
        { name: "parallel_tool_calls", label: "Parallel calls", kind: "switch", standard: true, help: "Whether one answer may contain several calls." },
      ],
    });
  }
  if (capabilities.supportsReasoning) {
    sections.push({
      title: "Reasoning",
      parameters: [
        { name: "reasoning_effort", label: "Effort", kind: "choice", choices: ["none", "minimal", "low", "medium", "high", "xhigh", "max"], standard: "the model's", help: "How much the model thinks before it answers; the nearest that it supports." },
        { name: "venice_parameters.disable_thinking", label: "Disable reasoning", kind: "switch", standard: false, help: "Turns reasoning off where the model can answer without it." },
        { name: "venice_parameters.strip_thinking_response", label: "Hide reasoning", kind: "switch", standard: false, help: "Removes reasoning from the response; it is charged all the same." },
      ],
    });
  }
  if (capabilities.supportsWebSearch) {
    sections.push({
      title: "Web",
      parameters: [
        { name: "venice_parameters.enable_web_search", label: "Web search", kind: "choice", choices: ["off", "auto", "on"], standard: "off", help: "Searches for the latest message; auto: only if it needs a search. Each search is charged." },
        { name: "venice_parameters.enable_web_scraping", label: "Read linked pages", kind: "switch", standard: false, help: "Reads up to 3 pages that the latest message links to. Each page is charged." },
        { name: "venice_parameters.enable_web_citations", label: "Cite sources", kind: "switch", standard: false, help: "Asks the model to cite the results that it uses." },
        { name: "venice_parameters.return_search_results_as_documents", label: "Results as a tool call", kind: "switch", standard: false, help: "Also returns the results as a call of venice_web_search_documents." },
      ],
    });
  }
  sections.push({
    title: "Instructions",
    parameters: [
      ...(offer.characters.length > 0
        ? [/** @type {Parameter} */ ({ name: "venice_parameters.character_slug", label: "Character", kind: "choice", choices: offer.characters.map(({ slug, name }) => /** @type {const} */ ([slug, name])), standard: "none", help: "Instructions that precede the conversation." })]
        : []),
      { name: "venice_parameters.include_venice_system_prompt", label: "Platform's system prompt", kind: "switch", standard: true, help: "Whether the server's own system prompt precedes yours." },
    ],
  });
  sections.push({
    title: "Hints to engines",
    parameters: [
      { name: "text.verbosity", label: "Verbosity", kind: "choice", choices: ["low", "medium", "high"], standard: "the model's", help: "Passed on to engines of OpenAI's API; others ignore it." },
      { name: "prompt_cache_key", label: "Prompt cache key", kind: "text", most: 1000, standard: "none", help: "Passed on as a hash where the engine supports it." },
      { name: "prompt_cache_retention", label: "Prompt cache retention", kind: "choice", choices: ["default", "extended", "24h"], standard: "the engine's", help: "How long an engine elsewhere may keep the prompt's cache." },
    ],
  });
  return sections;
}

/**
 * Fields of a chat request that the panel does not show, with the reason. A test holds the panel and this list
 * against the API's own schema.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const NOT_SHOWN = {
  model: "chosen above the conversation",
  messages: "the conversation",
  stream: "always on",
  stream_options: "always asks for usage",
  max_tokens: "older name of max_completion_tokens",
  n: "Retry gives further answers, as branches",
  logprobs: "for programs: they have no place in a conversation",
  top_logprobs: "as logprobs",
  user: "accepted and discarded",
  modalities: "models of speech read texts aloud",
  audio: "as modalities",
  reasoning: "reasoning_effort and venice_parameters say the same",
  store: "nothing is stored",
  include: "ignored by every engine",
  metadata: "for programs",
  "venice_parameters.include_search_results_in_stream": "always on with a search: the page shows the sources",
  "venice_parameters.enable_e2ee": "a page cannot encrypt to an enclave",
};

/**
 * @param {Model} model
 * @param {Offer} offer
 * @returns {Section[]}
 */
function image(model, offer) {
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
function speech(model) {
  const voices = model.model_spec.voices ?? [];
  return [
    {
      title: "Voice",
      parameters: [
        { name: "voice", label: "Voice", kind: "choice", choices: voices, standard: voices[0] ?? "the model's", help: "The voices that this model has." },
        { name: "speed", label: "Speed", kind: "number", min: 0.25, max: 4, step: 0.05, standard: 1, help: "1 is the voice's own speed. The pitch stays." },
        { name: "response_format", label: "Format", kind: "choice", choices: ["mp3", "opus", "aac", "flac", "wav"], standard: "mp3", help: "The format of the file." },
        { name: "instructions", label: "Instructions", kind: "text", most: 4096, standard: "none", help: "How to speak; models that do not heed them ignore them." },
      ],
    },
  ];
}

/** @type {Parameter} */
const DIMENSIONS = { name: "dimensions", label: "Dimensions", kind: "integer", min: 1, max: 16384, standard: "the model's", help: "Shorter vectors, for models whose card allows it." };

/** @type {Parameter[]} */
const TRANSCRIPT = [
  { name: "language", label: "Language", kind: "text", most: 10, standard: "recognised", help: "What is spoken, as an ISO 639-1 code such as en." },
  { name: "prompt", label: "Prompt", kind: "text", most: 2000, standard: "none", help: "Text that precedes the speech: names and spellings to expect." },
  { name: "response_format", label: "Format", kind: "choice", choices: ["json", "text", "srt", "vtt", "verbose_json"], standard: "json", help: "srt and vtt are subtitles; verbose_json has times." },
  { name: "temperature", label: "Temperature", kind: "number", min: 0, max: 1, step: 0.1, standard: 0, help: "At 0 the likeliest words." },
];

/** @type {Parameter[]} */
const UPSCALING = [
  { name: "scale", label: "Scale", kind: "number", min: 1, max: 4, step: 0.5, standard: 2, help: "Factor of width and height. 1 needs Enhance." },
  { name: "enhance", label: "Enhance", kind: "switch", standard: false, help: "Redraws details." },
  { name: "enhanceCreativity", label: "Creativity", kind: "number", min: 0, max: 1, step: 0.1, standard: 0.5, help: "With Enhance: how far the result may depart from the picture." },
  { name: "enhancePrompt", label: "Enhance prompt", kind: "text", most: 1500, standard: "none", help: "With Enhance: a look, such as gold or pencil sketch." },
  { name: "replication", label: "Replication", kind: "number", min: 0, max: 1, step: 0.05, standard: 0.35, help: "With Enhance: how strongly the picture's own lines and noise stay." },
];

/** @type {Parameter[]} */
const EDIT = [
  { name: "n", label: "Variants", kind: "integer", min: 1, max: 4, unit: "images", standard: 1, help: "Each is charged." },
  { name: "size", label: "Size", kind: "text", most: 11, standard: "the picture's", help: "WIDTHxHEIGHT in pixels." },
  { name: "output_format", label: "Format", kind: "choice", choices: ["png", "jpeg", "webp"], standard: "png", help: "The format of the file." },
  { name: "background", label: "Background", kind: "choice", choices: ["auto", "transparent", "opaque"], standard: "auto", help: "transparent removes the background." },
];

/** @param {Model} model @returns {Section[]} */
function video(model) {
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
