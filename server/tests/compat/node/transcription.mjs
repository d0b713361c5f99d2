// OpenAI's npm client: a recording written down, streamed, and as subtitles.
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 });
const ears = client.audio.transcriptions;
const model = "whisper-tiny.en";

const spoken = await client.audio.speech.create({
  model: "tts-1",
  voice: "alloy",
  input: "The ship comes at noon.",
  response_format: "mp3",
});
const file = new File([await spoken.arrayBuffer()], "spoken.mp3");

let text = "";
let done;
for await (const event of await ears.create({ model, file, stream: true })) {
  if (event.type === "transcript.text.delta") text += event.delta;
  if (event.type === "transcript.text.done") done = event;
}

const vtt = await ears.create({ model, file, response_format: "vtt" });
const refused = await ears
  .create({ model, file: new File(["no recording"], "a.wav") })
  .catch((error) => error);

console.log(
  JSON.stringify({
    text,
    done: done.text,
    seconds: done.usage.seconds,
    vtt,
    refused: { status: refused.status, message: refused.message },
  }),
);
