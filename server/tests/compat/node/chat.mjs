// Asks the server everything that a program built on OpenAI's npm client would, and prints it as JSON.
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 });
const ask = { model: "gpt-4o", messages: [{ role: "user", content: "Say hello." }], max_tokens: 6, temperature: 0 };
const failure = async (attempt) => {
  try {
    await attempt();
    return null;
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, code: error.code };
  }
};

const whole = await client.chat.completions.create(ask);
const stream = await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } });
let streamed = "";
let usage = null;
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
const two = await client.chat.completions.create({ ...ask, n: 2, logprobs: true, top_logprobs: 2, seed: 4, stop: ["zebra"] });
const models = [];
for await (const model of client.models.list()) models.push(model.id);

console.log(
  JSON.stringify({
    whole: whole.choices[0].message.content,
    wholeUsage: whole.usage,
    streamed,
    usage,
    choices: two.choices.length,
    logprobs: two.choices[1].logprobs.content[0].top_logprobs.length,
    models,
    wrongKey: await failure(() => new OpenAI({ apiKey: "wrong", maxRetries: 0 }).models.list().then(() => new OpenAI({ apiKey: "wrong", maxRetries: 0 }).chat.completions.create(ask))),
    unknownModel: await failure(() => client.chat.completions.create({ ...ask, model: "nobody" })),
    tooLong: await failure(() => client.chat.completions.create({ ...ask, messages: [{ role: "user", content: "word ".repeat(2000) }] })),
  }),
);
