// OpenAI's npm client: an image of a prompt, and a change of it.
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ maxRetries: 0 });
const size = (file) => [file.readUInt32BE(16), file.readUInt32BE(20)];

const made = await client.images.generate({
  model: "dall-e-3",
  prompt: "A red house by the sea",
  size: "256x256",
});
const picture = Buffer.from(made.data[0].b64_json, "base64");

const edit = async (prompt) => {
  const image = await toFile(picture, "house.png", { type: "image/png" });
  return client.images.edit({ model: "gpt-image-1", image, prompt });
};
const grey = Buffer.from((await edit("make it black and white")).data[0].b64_json, "base64");
const refused = await edit("add a dog").catch((error) => error);

console.log(
  JSON.stringify({
    size: size(picture),
    edited: grey.toString("base64"),
    refused: { status: refused.status, message: refused.message },
  }),
);
