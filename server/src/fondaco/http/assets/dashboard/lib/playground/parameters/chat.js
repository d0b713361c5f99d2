/**
 * The parameters of chat models.
 *
 * Source: docs/guide/chat-completions.md.
 */

/** @typedef {import("../models.js").Model} Model */
/** @typedef {import("../parameters.js").Parameter} Parameter */
/** @typedef {import("../parameters.js").Section} Section */
/** @typedef {import("../parameters.js").Offer} Offer */

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
export function chat(model, offer) {
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
