/** A request as a command of curl. */

import { FILES, FORMS, PATHS, fileOf, hole, shellWord } from "./shared.js";

/** @typedef {import("../samples.js").SampleRequest} SampleRequest */

/** @param {SampleRequest} request @param {string} url */
export function curl({ kind, body, attachments }, url) {
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
