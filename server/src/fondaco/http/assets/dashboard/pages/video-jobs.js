/** Video jobs: the account's videos that wait, run, or ended in the last day. */
import { html, useEffect, useState } from "../lib/ui.js";
import { get } from "../lib/api.js";
import { dateTime, duration, money, relative } from "../lib/format.js";
import { useResource } from "../lib/resource.js";
import { link } from "../lib/router.js";
import { Badge } from "../components/badge.js";
import { LinkButton } from "../components/button.js";
import { Page } from "../components/page.js";
import { ProgressBar } from "../components/progress-bar.js";
import { EmptyState, Loaded } from "../components/states.js";
import { Table } from "../components/table.js";

/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string} model
 * @property {"queued" | "running" | "completed" | "failed"} state
 * @property {number | null} progress of 1
 * @property {string} createdAt
 * @property {string | null} endedAt
 * @property {number} usd
 * @property {number} diem
 * @property {string | null} error
 */

/** @type {Record<Job["state"], {kind?: "good" | "bad" | "lagoon", text: string}>} */
const STATES = {
  queued: { text: "Queued" },
  running: { kind: "lagoon", text: "Running" },
  completed: { kind: "good", text: "Completed" },
  failed: { kind: "bad", text: "Failed" },
};

/** Whether a job is still to change. @param {Job} job */
const isOpen = (job) => job.state === "queued" || job.state === "running";

export default function VideoJobs() {
  const [isWaiting, setIsWaiting] = useState(false);
  const jobs = useResource((signal) => get("api/v1/video/jobs", {}, signal), [], { every_s: isWaiting ? 2 : 0 });
  useEffect(() => setIsWaiting((jobs.data?.data ?? []).some(isOpen)), [jobs.data]);
  return html`<${Page}
    title="Video jobs"
    lead="Videos are made in a queue, and charged when they are complete. Their content is not shown here: the program that ordered one fetches it."
  >
    <${Loaded} of=${jobs}>
      ${(/** @type {{data: Job[]}} */ { data }) => (data.length > 0 ? html`<${Jobs} jobs=${data} />` : html`<${None} />`)}
    <//>
  <//>`;
}

/** @param {{jobs: Job[]}} props */
function Jobs({ jobs }) {
  return html`<${Table}
    caption="Video jobs, newest first"
    rows=${jobs}
    rowKey=${(/** @type {Job} */ job) => job.id}
    columns=${[
      { title: "Ordered", header: true, cell: (/** @type {Job} */ job) => html`<span title=${dateTime(job.createdAt)}>${relative(job.createdAt)}</span>` },
      { title: "Model", cell: (/** @type {Job} */ job) => html`<span class="mono">${job.model}</span>` },
      { title: "State", cell: (/** @type {Job} */ job) => html`<${State} job=${job} />` },
      { title: "Took", number: true, cell: (/** @type {Job} */ job) => took(job) },
      { title: "Charge", number: true, cell: (/** @type {Job} */ job) => charge(job) },
    ]}
  />`;
}

/** @param {{job: Job}} props */
function State({ job }) {
  const { kind, text } = STATES[job.state];
  if (job.state === "running" && job.progress !== null) return html`<${ProgressBar} label="Running" share=${job.progress} />`;
  return html`<${Badge} kind=${kind} dot>${text}<//>${job.error && html`<p class="small">${job.error}</p>`}`;
}

/** @param {Job} job */
const took = ({ createdAt, endedAt }) => (endedAt ? duration((Date.parse(endedAt) - Date.parse(createdAt)) / 1000) : "–");

/** @param {Job} job */
function charge(job) {
  if (isOpen(job)) return html`<span class="muted" title="Charged when it is complete">–</span>`;
  const parts = [job.diem && money(job.diem, "DIEM"), job.usd && money(job.usd)].filter(Boolean);
  return parts.length ? parts.join(" + ") : "None";
}

function None() {
  return html`<div class="panel">
    <${EmptyState} title="No video jobs yet" icon="video">
      <p>Order one with <code>fondaco video</code>, the SDK, or <code>POST /api/v1/video/queue</code>. Each video model has a command to copy.</p>
      <${LinkButton} icon="models" href=${link("models", { type: "video" })}>Video models<//>
    <//>
  </div>`;
}
