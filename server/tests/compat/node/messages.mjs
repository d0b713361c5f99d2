// Asks the server everything that a program built on Anthropic's npm client would, and prints it as JSON.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ maxRetries: 0 });
const ask = { model: "default", messages: [{ role: "user", content: "Say hello." }], max_tokens: 6, temperature: 0 };
const failure = async (attempt) => {
  try {
    await attempt();
    return null;
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, type: error.type, message: error.message, id: error.requestID };
  }
};

const whole = await client.messages.create(ask);
const stream = client.messages.stream(ask);
let streamed = "";
for await (const event of stream) {
  if (event.type === "content_block_delta") streamed += event.delta.text;
}
const last = await stream.finalMessage();
const { messages, model } = ask;
const counted = await client.messages.countTokens({ messages, model });

console.log(
  JSON.stringify({
    whole: whole.content[0].text,
    usage: whole.usage,
    stop: whole.stop_reason,
    streamed,
    last: { text: last.content[0].text, usage: last.usage, stop: last.stop_reason },
    counted: counted.input_tokens,
    wrongKey: await failure(() => new Anthropic({ apiKey: "wrong", maxRetries: 0 }).messages.create(ask)),
    unknownModel: await failure(() => client.messages.create({ ...ask, model: "nobody" })),
    tooHot: await failure(() => client.messages.create({ ...ask, temperature: 2 })),
    tooLong: await failure(() => client.messages.create({ ...ask, messages: [{ role: "user", content: "word ".repeat(2000) }] })),
  }),
);
