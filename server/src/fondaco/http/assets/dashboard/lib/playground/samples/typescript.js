/** A request in TypeScript, by the client `openai`. */

import { TYPESCRIPT, literal } from "./literals.js";
import { OPENAI_FIELDS, fileOf, shellWord, speechFile } from "./shared.js";

/** @typedef {import("../samples.js").SampleRequest} SampleRequest */

/** @param {SampleRequest} request @param {string} url */
export function typescript({ kind, body, attachments }, url) {
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
