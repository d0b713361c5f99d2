// OpenAI's npm client: a text read aloud, whole and as it comes.
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 });
const asked = { model: "gpt-4o-mini-tts", voice: "nova", input: "Hello there. How are you?" };

const whole = await client.audio.speech.create({ ...asked, response_format: "flac" });
const file = Buffer.from(await whole.arrayBuffer());

const streamed = await client.audio.speech.create({ ...asked, response_format: "wav" });
let pieces = 0;
for await (const piece of streamed.body) pieces += piece.length > 0;

const refused = await client.audio.speech
  .create({ ...asked, voice: "darth" })
  .catch((error) => error);

console.log(
  JSON.stringify({
    begins: file.subarray(0, 4).toString(),
    type: whole.headers.get("content-type"),
    voice: whole.headers.get("x-fondaco-voice"),
    pieces,
    refused: { status: refused.status, message: refused.message },
  }),
);
