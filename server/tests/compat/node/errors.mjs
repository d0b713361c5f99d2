// Prints as JSON what OpenAI's npm client and the AI SDK show of refused requests.
import OpenAI from "openai";
import { createOpenAI } from "@ai-sdk/openai";
import { embed, generateText, streamText } from "ai";

const refusal = async (attempt) => {
  try {
    await attempt();
    return null;
  } catch (error) {
    return String(error);
  }
};

const client = new OpenAI({ maxRetries: 0 });
const provider = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const asking = (model) => ({ model: provider.chat(model), prompt: "Say hello.", maxRetries: 0 });
const streamed = async () => {
  let refused = null;
  const stream = streamText({ ...asking("nobody"), onError: ({ error }) => (refused = error) });
  for await (const _ of stream.textStream);
  if (refused) throw refused;
};

console.log(
  JSON.stringify({
    client: await refusal(() =>
      client.chat.completions.create({ model: "default", messages: [{ role: "user", content: "Hi" }], temperature: 5 }),
    ),
    files: await refusal(() => client.files.list()),
    shown: (await client.models.retrieve("gpt-4o")).id,
    generated: await refusal(() => generateText({ ...asking("default"), temperature: 5 })),
    streamed: await refusal(streamed),
    embedded: await refusal(() => embed({ model: provider.embedding("nobody"), value: "x", maxRetries: 0 })),
  }),
);
