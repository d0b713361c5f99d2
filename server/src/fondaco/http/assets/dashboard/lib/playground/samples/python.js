/** A request in Python, by the clients `openai` and `venice_ai`. */

import { PYTHON, literal, pythonString } from "./literals.js";
import { FORMS, OPENAI_FIELDS, fileOf, shellWord, speechFile } from "./shared.js";

/** @typedef {import("../samples.js").SampleRequest} SampleRequest */
/** @typedef {import("../samples.js").Attachment} Attachment */

const DATA_URL = `def data_url(path: str, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(Path(path).read_bytes()).decode()}"


`;

/** @param {SampleRequest} request @param {string} url */
export function pythonOpenai(request, url) {
  const { kind, body, attachments } = request;
  const head = pythonHead(attachments, `# pip install openai\n# export OPENAI_BASE_URL=${shellWord(url)} OPENAI_API_KEY=...\n`, "from openai import OpenAI");
  const client = "client = OpenAI()\n";
  const known = { ...body };
  /** @type {Record<string, unknown>} */
  const extra = {};
  for (const [name, value] of Object.entries(body)) {
    const isKnown = OPENAI_FIELDS.has(name) || (name === "response_format" && kind !== "chat");
    if (!isKnown) {
      delete known[name];
      extra[name] = value;
    }
  }
  const files = FORMS.has(kind) ? attachments : [];
  const call = (/** @type {string} */ method) => pythonCall(method, known, attachments, { extra, files });
  switch (kind) {
    case "chat":
      return body.stream === true
        ? `${head}${client}with ${call("client.chat.completions.create")} as stream:
    for chunk in stream:
        for choice in chunk.choices:
            print(choice.delta.content or "", end="", flush=True)
`
        : `${head}${client}reply = ${call("client.chat.completions.create")}
print(reply.choices[0].message.content)
`;
    case "embedding":
      return `${head}${client}vectors = ${call("client.embeddings.create")}
for item in vectors.data:
    print(item.index, len(item.embedding))
`;
    case "speech":
      return `${head}${client}${call("client.audio.speech.create")}.write_to_file("${speechFile(body)}")
`;
    case "transcription":
      return `${head}${client}text = ${call("client.audio.transcriptions.create")}
print(text if isinstance(text, str) else text.text)
`;
    case "translation":
      return `${head}${client}text = ${call("client.audio.translations.create")}
print(text if isinstance(text, str) else text.text)
`;
    case "edit":
      return `${pythonHead([{ path: "", file: "", type: "" }], `# pip install openai\n# export OPENAI_BASE_URL=${shellWord(url)} OPENAI_API_KEY=...\n`, "from openai import OpenAI", false)}${client}edited = ${call("client.images.edit")}
Path("edited.${body.output_format ?? "png"}").write_bytes(base64.b64decode(edited.data[0].b64_json))
`;
    default:
      return ""; // OpenAI's client has no such call
  }
}

/** @param {SampleRequest} request @param {string} url */
export function pythonVenice({ kind, body, attachments }, url) {
  const intro = `# pip install ./sdk, in a checkout of Fondaco\n# export VENICE_BASE_URL=${shellWord(url)} VENICE_API_KEY=...\n`;
  const asFiles = kind !== "chat" ? attachments : [];
  const inline = kind === "chat" ? attachments : [];
  const head = pythonHead(inline, intro, "from venice_ai import SyncVeniceClient", true, asFiles.length > 0);
  const fields = { ...body };
  if (kind === "chat") delete fields.stream_options;
  const streams = kind === "chat" && body.stream === true;
  if (streams) delete fields.stream;
  const call = (/** @type {string} */ method) => pythonCall(method, fields, attachments, { paths: asFiles, indent: 1 });
  const open = `${head}with SyncVeniceClient() as client:\n    `;
  switch (kind) {
    case "chat":
      return streams
        ? `${open}with ${call("client.chat.completions.stream")} as stream:
        for text in stream.text_deltas():
            print(text, end="", flush=True)
`
        : `${open}reply = ${call("client.chat.completions.create")}
    print(reply.choices[0].message.content)
`;
    case "image":
      return `${open}made = ${call("client.image.generate")}
    made.save("picture.${body.format ?? "webp"}")
`;
    case "speech":
      return `${open}spoken = ${call("client.audio.speech.create")}
    spoken.save("${speechFile(body)}")
`;
    case "embedding":
      return `${open}vectors = ${call("client.embeddings.create")}
    for item in vectors.data:
        print(item.index, len(item.embedding))
`;
    case "video":
      return `${open}video = ${call("client.video.run")}
    video.save("video.mp4")
`;
    case "upscale":
      return `${open}larger = ${call("client.image.upscale")}
    larger.save("larger.png")
`;
    case "edit":
      return `${open}edited = ${call("client.images.edit")}
    edited.save("edited.${body.output_format ?? "png"}")
`;
    case "transcription":
      return `${open}heard = ${call("client.audio.transcriptions.create")}
    print(heard)
`;
    case "translation":
      return `${open}heard = ${call("client.audio.translations.create")}
    print(heard)
`;
  }
}

/**
 * @param {Attachment[]} attachments
 * @param {string} intro
 * @param {string} imported
 * @param {boolean} [withHelper]
 * @param {boolean} [withPath]
 */
function pythonHead(attachments, intro, imported, withHelper = true, withPath = false) {
  if (attachments.length === 0) return `${intro}${withPath ? "from pathlib import Path\n\n" : ""}${imported}\n\n`;
  return `${intro}import base64\nfrom pathlib import Path\n\n${imported}\n\n\n${withHelper ? DATA_URL : ""}`.replace(
    /\n\n\n$/,
    withHelper ? "\n\n\n" : "\n\n",
  );
}

/**
 * @param {string} method
 * @param {Record<string, unknown>} fields
 * @param {Attachment[]} attachments
 * @param {{extra?: Record<string, unknown>, files?: Attachment[], paths?: Attachment[], indent?: number}} options
 *   `files` are opened, `paths` given as paths, others as data URLs.
 */
function pythonCall(method, fields, attachments, { extra = {}, files = [], paths = [], indent = 0 }) {
  const write = (/** @type {unknown} */ value) => {
    const file = fileOf(value, attachments);
    if (!file) return null;
    if (files.includes(file)) return `open(${pythonString(file.file)}, "rb")`;
    if (paths.includes(file)) return `Path(${pythonString(file.file)})`;
    return `data_url(${pythonString(file.file)}, ${pythonString(file.type)})`;
  };
  const named = Object.entries(fields).map(([name, value]) => [name, literal(value, PYTHON, indent + 1, write)]);
  if (Object.keys(extra).length > 0) named.push(["extra_body", literal(extra, PYTHON, indent + 1, write)]);
  const margin = "    ".repeat(indent);
  return `${method}(\n${named.map(([name, value]) => `${margin}    ${name}=${value},\n`).join("")}${margin})`;
}
