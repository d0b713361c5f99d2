/** A model's first call as a command: it runs as it stands where $OPENAI_API_KEY is a key. */
import { url } from "./api.js";

const KEY = '-H "Authorization: Bearer $OPENAI_API_KEY"';
const PICTURE = "lighthouse.webp";
const RECORDING = "hello.mp3";

/**
 * Return a shell command that calls a model; null where no plain request can.
 *
 * Models that take a picture or a recording are given one that the server makes first.
 *
 * @param {import("./catalogue.js").Model} model
 * @returns {string | null}
 */
export function curl({ id, type, model_spec: spec }) {
  const model = { model: id };
  switch (type) {
    case "text":
      return json("chat/completions", { ...model, messages: [{ role: "user", content: "Hello!" }] });
    case "embedding":
      return json("embeddings", { ...model, input: "A lighthouse at dusk" });
    case "image":
      return picture(model);
    case "inpaint":
      return [
        "# A picture to edit; any other will do.",
        picture({ width: 512, height: 512 }),
        form("images/edits", { ...model, prompt: "pencil sketch", image: `@${PICTURE}` }, "edited.json"),
        "# The edited picture is the base64 text in edited.json.",
      ].join("\n");
    case "upscale":
      return [
        "# A picture to enlarge; any other will do.",
        picture({ width: 256, height: 256 }),
        form("image/upscale", { scale: "2", image: `@${PICTURE}` }, "large.png"),
      ].join("\n");
    case "tts":
      return spoken(model);
    case "asr":
      return [
        "# A recording to write down; any other will do.",
        spoken({}),
        form("audio/transcriptions", { ...model, file: `@${RECORDING}` }),
      ].join("\n");
    case "video":
      return json("video/queue", { ...model, prompt: "Pan slowly over the lagoon of Venice at dusk.", duration: spec.constraints?.durations?.[0] });
    default:
      return null;
  }
}

/** @param {object} body */
const picture = (body) =>
  json("image/generate", { model: "default", ...body, prompt: "A lighthouse at dusk", return_binary: true }, PICTURE);

/** @param {object} body */
const spoken = (body) => json("audio/speech", { model: "default", ...body, input: "Hello, welcome to Fondaco." }, RECORDING);

/** @param {string} path @param {object} body @param {string} [file] */
const json = (path, body, file) =>
  command(path, ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`], file);

/** @param {string} path @param {Record<string, string>} fields @param {string} [file] */
const form = (path, fields, file) =>
  command(path, Object.entries(fields).map(([name, value]) => field(name, value)), file);

/** A field of a form; of others' values, only those of files may name one. @param {string} name @param {string} value */
const field = (name, value) =>
  `${value === `@${PICTURE}` || value === `@${RECORDING}` ? "-F" : "--form-string"} ${quoted(`${name}=${value}`)}`;

/** @param {string} path @param {string[]} options @param {string} [file] */
const command = (path, options, file) =>
  [`curl ${quoted(url(`api/v1/${path}`))}`, KEY, ...options, ...(file ? [`-o ${file}`] : [])].join(" \\\n  ");

/** Quote a word for the shell: ids of models elsewhere may have any character. @param {string} word */
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
