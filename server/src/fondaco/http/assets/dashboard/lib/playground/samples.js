/**
 * A request as code: for curl, Python (`openai`, `venice_ai`) and TypeScript (`openai`).
 *
 * The key is read from the environment, so that no sample holds a secret. Contents are quoted for their language,
 * whatever they are; files are read from disk, since a data URL would hide the code.
 */

/**
 * @typedef {object} Attachment
 * @property {string} path Where in the body the data URL stands, such as `messages.0.content.1.image_url.url`.
 * @property {string} file Its name on disk.
 * @property {string} type Its media type.
 */

/**
 * A request to show.
 *
 * @typedef {object} SampleRequest
 * @property {"chat" | "image" | "speech" | "embedding" | "video" | "upscale" | "edit" | "transcription" | "translation"} kind
 * @property {Record<string, unknown>} body JSON; of `edit`, `transcription` and `translation` the fields of a form.
 * @property {Attachment[]} attachments
 */

/** @typedef {{language: "bash" | "python" | "typescript", name: string, code: string}} Sample */

/** A placeholder for a file, while a body is written; no caller can know it. @param {number} place */
const hole = (place) => `\u0000file-${place}\u0000`;

const PATHS = {
  chat: "chat/completions",
  image: "image/generate",
  speech: "audio/speech",
  embedding: "embeddings",
  video: "video/queue",
  upscale: "image/upscale",
  edit: "images/edits",
  transcription: "audio/transcriptions",
  translation: "audio/translations",
};
const FILES = { image: "picture.webp", speech: "speech.mp3", upscale: "larger.png", edit: "edited.png", video: "video.mp4" };
const FORMS = new Set(["edit", "transcription", "translation"]);

/**
 * Return a request as code, in every language that has a client for it.
 *
 * @param {SampleRequest} request
 * @param {string} url The base URL of the API, without a slash at its end.
 * @returns {Sample[]}
 */
export function samplesOf(request, url) {
  const prepared = { ...request, body: holed(request) };
  /** @type {Sample[]} */
  const samples = [
    { language: "bash", name: "curl", code: curl(prepared, url) },
    { language: "python", name: "Python · openai", code: pythonOpenai(prepared, url) },
    { language: "python", name: "Python · venice_ai", code: pythonVenice(prepared, url) },
    { language: "typescript", name: "TypeScript · openai", code: typescript(prepared, url) },
  ];
  return samples.filter(({ code }) => code !== "");
}

/**
 * Split the data URLs off a chat's messages, as files that a sample reads.
 *
 * @param {Record<string, unknown>[]} messages
 * @returns {Attachment[]}
 */
export function attachmentsOf(messages) {
  /** @type {Attachment[]} */
  const found = [];
  messages.forEach(({ content }, message) => {
    if (!Array.isArray(content)) return;
    content.forEach((part, place) => {
      const url = part?.image_url?.url;
      const type = typeof url === "string" ? /^data:([\w/+.-]+)[;,]/.exec(url)?.[1] : undefined;
      if (!type) return;
      const file = `image-${found.length + 1}.${type.split("/")[1].replace("jpeg", "jpg")}`;
      found.push({ path: `messages.${message}.content.${place}.image_url.url`, file, type });
    });
  });
  return found;
}

/** @param {SampleRequest} request */
function holed({ body, attachments }) {
  const copy = structuredClone(body);
  attachments.forEach(({ path }, place) => {
    const steps = path.split(".");
    const last = /** @type {string} */ (steps.pop());
    const parent = steps.reduce((/** @type {any} */ value, step) => value[step], copy);
    parent[last] = hole(place);
  });
  return copy;
}

/* curl */

/** @param {SampleRequest} request @param {string} url */
function curl({ kind, body, attachments }, url) {
  const head = `export OPENAI_BASE_URL=${shellWord(url)} OPENAI_API_KEY="..."   # your key\n`;
  const target = `curl "$OPENAI_BASE_URL/${PATHS[kind]}" -H "Authorization: Bearer $OPENAI_API_KEY"`;
  const output = kind in FILES && kind !== "image" && kind !== "video" && kind !== "edit" ? ` -o ${FILES[/** @type {keyof typeof FILES} */ (kind)]}` : "";
  if (FORMS.has(kind)) {
    const fields = Object.entries(body).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => {
        const file = fileOf(one, attachments);
        return file ? `  -F ${shellWord(`${name}=@${file.file}`)}` : `  --form-string ${shellWord(`${name}=${one}`)}`;
      }),
    );
    return [`${head}${target}${output}`, ...fields].join(" \\\n") + "\n";
  }
  const stream = body.stream === true ? " -N" : "";
  const json = JSON.stringify(body, null, 2);
  const opening = `${target}${stream}${output} \\\n  -H "Content-Type: application/json" -d @- <<`;
  if (attachments.length === 0) return `${head}${opening}'JSON'\n${json}\nJSON\n`;
  // Without quotes around its end, the document expands $(...): all else of it is escaped.
  let text = json.replace(/[\\$`]/g, "\\$&");
  attachments.forEach(({ file, type }, place) => {
    // JSON writes the zero bytes of a hole as \u0000, whose backslash is doubled by now.
    const written = JSON.stringify(hole(place)).replace(/\\/g, "\\\\");
    text = text.split(written).join(`"data:${type};base64,$(base64 < ${shellWord(file)} | tr -d '\\n')"`);
  });
  return `${head}${opening}JSON\n${text}\nJSON\n`;
}

/** @param {string} text */
const shellWord = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`);

/* Python */

const DATA_URL = `def data_url(path: str, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(Path(path).read_bytes()).decode()}"


`;

/** Fields that the client \`openai\` knows; others go in \`extra_body\`. */
const OPENAI_FIELDS = new Set([
  "model", "messages", "stream", "stream_options", "temperature", "top_p", "frequency_penalty", "presence_penalty",
  "seed", "max_completion_tokens", "stop", "response_format", "tools", "tool_choice", "parallel_tool_calls",
  "reasoning_effort", "prompt_cache_key", "input", "voice", "speed", "instructions", "dimensions", "encoding_format",
  "prompt", "image", "n", "size", "output_format", "background", "file", "language", "timestamp_granularities",
]);

/** @param {SampleRequest} request @param {string} url */
function pythonOpenai(request, url) {
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
function pythonVenice({ kind, body, attachments }, url) {
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

/** @param {Record<string, unknown>} body */
const speechFile = (body) => `speech.${body.response_format ?? "mp3"}`;

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

/* TypeScript */

/** @param {SampleRequest} request @param {string} url */
function typescript({ kind, body, attachments }, url) {
  const intro = `// npm install openai\n// export OPENAI_BASE_URL=${shellWord(url)} OPENAI_API_KEY=...\n`;
  const reads = attachments.length > 0 ? 'import { readFileSync, createReadStream } from "node:fs";\n' : "";
  const helper = attachments.length > 0 && kind === "chat"
    ? `const dataUrl = (path: string, kind: string) =>\n  \`data:\${kind};base64,\${readFileSync(path).toString("base64")}\`;\n\n`
    : "";
  const imports = (kind === "chat" ? reads.replace(", createReadStream", "") : reads.replace("readFileSync, ", "")) + 'import OpenAI from "openai";\n';
  const write = (/** @type {unknown} */ value) => {
    const file = fileOf(value, attachments);
    if (!file) return null;
    return kind === "chat"
      ? `dataUrl(${JSON.stringify(file.file)}, ${JSON.stringify(file.type)})`
      : `createReadStream(${JSON.stringify(file.file)})`;
  };
  const known = Object.fromEntries(Object.entries(body).filter(([name]) => OPENAI_FIELDS.has(name)));
  const extra = Object.fromEntries(Object.entries(body).filter(([name]) => !OPENAI_FIELDS.has(name)));
  const hasExtra = Object.keys(extra).length > 0;
  // Fields that OpenAI's types do not know: spread, they are sent, and no type is violated.
  const more = hasExtra ? `const more = ${literal(extra, TYPESCRIPT, 0, write)};\n` : "";
  const lines = Object.entries(known).map(([name, value]) => `  ${name}: ${literal(value, TYPESCRIPT, 1, write)},\n`);
  const argument = `{\n${lines.join("")}${hasExtra ? "  ...more,\n" : ""}}`;
  const head = `${intro}${imports}\n${helper}const client = new OpenAI();\n${more}`;
  switch (kind) {
    case "chat":
      return body.stream === true
        ? `${head}const stream = await client.chat.completions.create(${argument});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}
`
        : `${head}const reply = await client.chat.completions.create(${argument});
console.log(reply.choices[0].message.content);
`;
    case "embedding":
      return `${head}const vectors = await client.embeddings.create(${argument});
for (const item of vectors.data) console.log(item.index, item.embedding.length);
`;
    case "speech":
      return `${head.replace('import OpenAI', 'import { writeFileSync } from "node:fs";\nimport OpenAI')}const spoken = await client.audio.speech.create(${argument});
writeFileSync("${speechFile(body)}", Buffer.from(await spoken.arrayBuffer()));
`;
    case "transcription":
      return `${head}const heard = await client.audio.transcriptions.create(${argument});
console.log(heard);
`;
    case "translation":
      return `${head}const heard = await client.audio.translations.create(${argument});
console.log(heard);
`;
    case "edit":
      return `${head.replace("createReadStream }", "createReadStream, writeFileSync }")}const edited = await client.images.edit(${argument});
writeFileSync("edited.${body.output_format ?? "png"}", Buffer.from(edited.data![0].b64_json!, "base64"));
`;
    default:
      return "";
  }
}

/* Literals */

/**
 * @typedef {object} Notation
 * @property {string} indent
 * @property {string} none
 * @property {string} yes
 * @property {string} no
 * @property {(text: string) => string} string
 * @property {(name: string) => string} key
 */

/**
 * JSON's escapes are Python's, but for one: a pair of surrogates is one character in JSON and two in Python. Pairs are
 * written as they are; a lone surrogate stays an escape in both.
 *
 * @param {string} text
 */
const pythonString = (text) => JSON.stringify(text).replace(/[\u0085\u2028\u2029\u007f]/g, unicodeEscape);

/** @param {string} sign */
const unicodeEscape = (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** @type {Notation} */
const PYTHON = { indent: "    ", none: "None", yes: "True", no: "False", string: pythonString, key: pythonString };
/** @type {Notation} */
const TYPESCRIPT = {
  indent: "  ",
  none: "null",
  yes: "true",
  no: "false",
  string: pythonString,
  key: (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)),
};

/**
 * @param {unknown} value JSON.
 * @param {Notation} notation
 * @param {number} depth
 * @param {(value: unknown) => string | null} write Writes what is no literal; null for all else.
 * @returns {string}
 */
function literal(value, notation, depth, write) {
  const own = write(value);
  if (own !== null) return own;
  if (value === null || value === undefined) return notation.none;
  if (value === true) return notation.yes;
  if (value === false) return notation.no;
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return notation.string(value);
  const margin = notation.indent.repeat(depth);
  const inner = margin + notation.indent;
  const within = (/** @type {unknown} */ one) => literal(one, notation, depth + 1, write);
  if (Array.isArray(value)) {
    const items = value.map(within);
    const line = `[${items.join(", ")}]`;
    if (line.length <= 80 && !line.includes("\n")) return line;
    return `[\n${items.map((item) => `${inner}${item},\n`).join("")}${margin}]`;
  }
  const entries = Object.entries(value).map(([name, one]) => `${notation.key(name)}: ${within(one)}`);
  const space = notation === TYPESCRIPT ? " " : "";
  const line = entries.length === 0 ? "{}" : `{${space}${entries.join(", ")}${space}}`;
  if (line.length <= 80 && !line.includes("\n")) return line;
  return `{\n${entries.map((entry) => `${inner}${entry},\n`).join("")}${margin}}`;
}

/**
 * @param {unknown} value
 * @param {Attachment[]} attachments
 */
function fileOf(value, attachments) {
  const found = typeof value === "string" ? /^\u0000file-(\d+)\u0000$/.exec(value) : null;
  return found ? attachments[Number(found[1])] : undefined;
}
