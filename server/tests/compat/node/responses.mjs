// Does by the AI SDK what programs do, on its default API (Responses), and prints what came as JSON.
import { createOpenAI } from "@ai-sdk/openai";
import { generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const ask = { model: openai("toy"), prompt: "Count!", temperature: 0, maxRetries: 0 };
const object = (properties) =>
  jsonSchema({ type: "object", properties, required: Object.keys(properties), additionalProperties: false });

const cities = [];
const getWeather = tool({
  description: "Current weather of a city",
  inputSchema: object({ city: { type: "string" } }),
  execute: async ({ city }) => {
    cities.push(city);
    return "rain, 7 degrees";
  },
});
const stateless = { providerOptions: { openai: { store: false } } };
const loop = { ...ask, tools: { getWeather }, stopWhen: stepCountIs(3), ...stateless };

const streamed = async (options) => {
  const pieces = [];
  const stream = streamText({
    ...options,
    onError: ({ error }) => {
      throw error;
    },
  });
  for await (const piece of stream.textStream) pieces.push(piece);
  return { pieces, text: await stream.text, usage: await stream.totalUsage, finish: await stream.finishReason };
};
const refusal = async (attempt) => {
  try {
    await attempt();
    return null;
  } catch (error) {
    return String(error);
  }
};

const whole = await generateText(ask);
const { prompt, ...asking } = ask;
const next = { ...asking, messages: [{ role: "user", content: prompt }, ...whole.response.messages, { role: "user", content: prompt }] };
const looped = await generateText(loop);
const completed = await generateText({ ...ask, model: openai.completion("toy"), maxOutputTokens: 4 });
const described = await generateObject({
  ...ask,
  schema: object({ city: { type: "string" }, degrees: { type: "integer" } }),
});

console.log(
  JSON.stringify({
    whole: { text: whole.text, usage: whole.usage, finish: whole.finishReason, model: whole.response.modelId },
    streamed: await streamed(ask),
    short: (await generateText({ ...ask, maxOutputTokens: 2 })).finishReason,
    object: described.object,
    loop: { text: looped.text, steps: looped.steps.map((step) => step.finishReason), usage: looped.totalUsage },
    streamedLoop: await streamed(loop),
    cities,
    next: (await generateText({ ...next, ...stateless })).usage.inputTokens,
    stored: await refusal(() => generateText(next)),
    completed: { text: completed.text, finish: completed.finishReason },
    streamedCompletion: await streamed({ ...ask, model: openai.completion("toy"), maxOutputTokens: 4 }),
  }),
);
