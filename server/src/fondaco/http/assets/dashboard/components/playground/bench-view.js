/** The form and the results of a model that does not chat. */
import { html, useEffect } from "../../lib/ui.js";
import { missing } from "../../lib/playground/bench.js";
import { change, discard, run } from "../../lib/playground/benches.js";
import { hindrance } from "../../lib/playground/models.js";
import { Button } from "../button.js";
import { Checkbox, Field, Input } from "../field.js";
import { EmptyState } from "../states.js";
import { ProblemNotice } from "./problem-notice.js";
import { Result } from "./result.js";
import { VideoJob } from "./video-job.js";

/** @typedef {import("../../lib/playground/models.js").Model} Model */
/** @typedef {import("../../lib/playground/benches.js").Bench} Bench */

/** What is asked for, by type. @type {Record<string, {label: string, placeholder: string, action: string}>} */
const PROMPTS = {
  image: { label: "Prompt", placeholder: "A lighthouse on a cliff at dusk", action: "Generate" },
  inpaint: { label: "Instruction", placeholder: "Change the sky to a sunrise", action: "Edit" },
  tts: { label: "Text", placeholder: "A text of up to 4,096 characters", action: "Read aloud" },
  video: { label: "Prompt", placeholder: "Pan slowly over the lagoon", action: "Quote" },
};
const ACTIONS = /** @type {Record<string, string>} */ ({ embedding: "Compare", asr: "Transcribe", upscale: "Enlarge" });
const FILES = /** @type {Record<string, {label: string, accept: string, hint: string}>} */ ({
  asr: { label: "Recording", accept: "audio/*,video/*,.flac,.m4a,.ogg,.opus,.webm", hint: "flac, mp3, mp4, m4a, ogg, wav or webm, up to 25 MiB." },
  upscale: { label: "Picture", accept: "image/*", hint: "PNG, JPEG, WebP or GIF of at least 65,536 pixels." },
  inpaint: { label: "Picture", accept: "image/*", hint: "PNG, JPEG, WebP or GIF of at least 65,536 pixels." },
  video: { label: "First picture", accept: "image/*", hint: "The picture that the video begins with, where the model takes one." },
});

/**
 * @param {{model: Model, bench: Bench, fields: Record<string, unknown>,
 *     session: import("../../lib/session.js").Session}} props
 */
export function BenchView({ model, bench, fields, session }) {
  const { type } = model;
  const { draft, running, problem, since, results } = bench;
  const why = hindrance(model);
  const lacking = missing(model, draft);
  const set = (/** @type {Partial<import("../../lib/playground/bench.js").Draft>} */ part) => change(type, { draft: { ...draft, ...part } });
  const start = () => void run(model, fields, session.tier.isCharged);
  const prompt = PROMPTS[type];
  useEffect(() => {
    if (!running) return undefined;
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) running.abort();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [running]);

  if (why) {
    return html`<div class="pg-bench"><${EmptyState} icon="models" title=${`${model.model_spec.name} ${why}`}>
      <a href=${`#/models/${encodeURIComponent(model.id)}`}>Its page says what to do</a>
    <//></div>`;
  }
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!lacking && !running && type !== "video") start();
  };
  return html`<div class="pg-bench" tabindex="0" role="region" aria-label=${model.model_spec.name}>
    <div class="pg-column">
      <form class="form" onSubmit=${submit}>
        ${FILES[type] && html`<${FileField} ...${FILES[type]} file=${draft.file} onFile=${(/** @type {File | null} */ file) => set({ file })} />`}
        ${prompt && html`<${Input} multiline label=${prompt.label} placeholder=${prompt.placeholder} value=${draft.prompt}
          onInput=${(/** @type {string} */ text) => set({ prompt: text })}
          onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
          }} />`}
        ${type === "embedding" && html`<${Texts} texts=${draft.texts} onChange=${(/** @type {string[]} */ texts) => set({ texts })} />`}
        ${type === "asr" && html`<${Checkbox} label="Translate to English" checked=${draft.translates} onChange=${(/** @type {boolean} */ translates) => set({ translates })} />`}
        ${type === "video"
          ? html`<${VideoJob} model=${model} draft=${draft} fields=${fields} lacking=${lacking} session=${session} />`
          : html`<div class="row">
              ${running
                ? html`<${Button} key="stop" icon="stop" onClick=${() => running.abort()}>Stop<//><span class="spinner" role="img" aria-label="Working"></span>`
                : html`<${Button} key="start" kind="primary" type="submit" disabled=${lacking !== ""}>${prompt?.action ?? ACTIONS[type] ?? "Run"}<//>`}
              <span class="muted small">${running ? "Esc stops." : lacking}</span>
            </div>`}
      </form>
      ${problem && html`<${ProblemNotice} problem=${problem} since=${since} onRetry=${running ? undefined : start} />`}
      ${results.map((result) => html`<${Result} key=${result.id} result=${result} onDiscard=${() => discard(type, result.id)} />`)}
      ${results.length > 0 && html`<p class="muted small">Results are held in this tab alone, and end with it.</p>`}
    </div>
  </div>`;
}

/** @param {{label: string, accept: string, hint: string, file: File | null, onFile: (file: File | null) => void}} props */
function FileField({ label, accept, hint, file, onFile }) {
  return html`<${Field} label=${label} hint=${file ? `${file.name}, ${Math.ceil(file.size / 1000).toLocaleString("en-GB")} kB` : hint}>
    ${(/** @type {Record<string, any>} */ tied) => html`<input type="file" class="input pg-file" accept=${accept} ...${tied}
      onChange=${(/** @type {any} */ event) => onFile(event.target.files[0] ?? null)} />`}
  <//>`;
}

/** @param {{texts: string[], onChange: (texts: string[]) => void}} props */
function Texts({ texts, onChange }) {
  const replaced = (/** @type {number} */ place, /** @type {string} */ text) => texts.map((one, other) => (other === place ? text : one));
  return html`<div class="stack stack-tight">
    ${texts.map((text, place) => html`<div class="pg-text" key=${place}>
      <${Input} label=${`Text ${place + 1}`} value=${text} onInput=${(/** @type {string} */ next) => onChange(replaced(place, next))} />
      ${texts.length > 2 && html`<${Button} small kind="quiet" icon="close" label=${`Remove text ${place + 1}`} onClick=${() => onChange(texts.filter((_, other) => other !== place))} />`}
    </div>`)}
    <div><${Button} small kind="quiet" icon="plus" disabled=${texts.length >= 12} onClick=${() => onChange([...texts, ""])}>Add a text<//></div>
  </div>`;
}
