// Asks the server for raw completions by OpenAI's npm client, and prints what came as JSON.
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 });
const ask = { model: "gpt-3.5-turbo-instruct", prompt: "The capital of France is", max_tokens: 4, temperature: 0 };
const whole = await client.completions.create(ask);
let streamed = "";
for await (const chunk of await client.completions.create({ ...ask, stream: true })) {
  streamed += chunk.choices[0]?.text ?? "";
}
let refused = null;
try {
  await client.completions.create({ ...ask, suffix: "." });
} catch (error) {
  refused = { status: error.status, param: error.param };
}
console.log(JSON.stringify({ whole: whole.choices[0].text, streamed, refused }));
