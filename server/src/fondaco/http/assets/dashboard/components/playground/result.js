/** What a model that does not chat has made. */
import { html } from "../../lib/ui.js";
import { duration, money } from "../../lib/format.js";
import { similarity } from "../../lib/playground/bench.js";
import { Button } from "../button.js";
import { CopyButton } from "../copy-button.js";
import { Icon } from "../icon.js";
import { chargeNote } from "./chat/figures.js";

/** @param {{result: import("../../lib/playground/bench.js").Result, onDiscard: () => void}} props */
export function Result({ result, onDiscard }) {
  const { files, text, vectors, texts, notes, prompt, model, charge, durationMs, requestId } = result;
  return html`<article class="pg-result panel" aria-label=${prompt ? `Result: ${prompt.slice(0, 60)}` : "Result"}>
    ${prompt && html`<p class="pg-result-prompt pg-verbatim-text">${prompt}</p>`}
    <div class="pg-files">${files.map((file) => html`<${FileView} key=${file.url} file=${file} alt=${prompt || "Result"} />`)}</div>
    ${text && html`<pre class="pg-verbatim" tabindex="0" aria-label="Transcript">${text}</pre>`}
    ${vectors && html`<${Similarities} vectors=${vectors} texts=${texts} />`}
    <div class="pg-foot">
      <p class="pg-figures small muted" title=${requestId ? `Request ${requestId}` : undefined}>
        <span>${model}</span>
        ${charge && html`<span title=${chargeNote(charge)}>${charge.usd === 0 ? "free" : money(charge.usd)}</span>`}
        ${durationMs > 0 && html`<span>${duration(durationMs / 1000)}</span>`}
        ${notes.map((note) => html`<span key=${note}>${note}</span>`)}
      </p>
      <div class="pg-actions row">
        ${text && html`<${CopyButton} iconOnly text=${text} label="Copy text" />`}
        <${Button} small kind="quiet" icon="trash" label="Discard result" onClick=${onDiscard} />
      </div>
    </div>
  </article>`;
}

/** @param {{file: import("../../lib/playground/bench.js").Result["files"][number], alt: string}} props */
function FileView({ file: { url, name, type, label }, alt }) {
  return html`<figure class="pg-media">
    ${type.startsWith("image/") && html`<img src=${url} alt=${alt} />`}
    ${type.startsWith("audio/") && html`<audio controls src=${url} aria-label=${alt.slice(0, 80)}></audio>`}
    ${type.startsWith("video/") && html`<video controls loop playsinline src=${url} aria-label=${alt.slice(0, 80)}></video>`}
    <figcaption class="row row-between">
      <span class="small muted">${label}</span>
      <a class="button button-small" href=${url} download=${name}><${Icon} name="download" />Download</a>
    </figcaption>
  </figure>`;
}

/** How alike each two texts are. @param {{vectors: number[][], texts: string[]}} props */
function Similarities({ vectors, texts }) {
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Similarity of the texts">
    <table class="table">
      <caption>Cosine similarity: 1 is the same direction, 0 none in common.</caption>
      <thead><tr><td></td>${texts.map((_, place) => html`<th key=${place} scope="col" class="number">Text ${place + 1}</th>`)}</tr></thead>
      <tbody>
        ${texts.map((text, row) => html`<tr key=${row}>
          <th scope="row">${row + 1}. ${text.length > 60 ? `${text.slice(0, 60)}…` : text}</th>
          ${vectors.map((vector, column) => html`<td key=${column} class="number">${similarity(vectors[row], vector).toFixed(3)}</td>`)}
        </tr>`)}
      </tbody>
    </table>
  </div>`;
}
