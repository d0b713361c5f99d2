/** A video: what it costs, then its progress, then the video. */
import { html, useEffect, useState } from "../../lib/ui.js";
import { money, percent } from "../../lib/format.js";
import { ApiError } from "../../lib/api.js";
import { randomId } from "../../lib/ids.js";
import { dataUrl, requestOf } from "../../lib/playground/bench.js";
import { add } from "../../lib/playground/benches.js";
import { problemOf } from "../../lib/playground/chat.js";
import { EMPTY_REPLY } from "../../lib/playground/reply.js";
import * as videos from "../../lib/playground/videos.js";
import { refreshSession } from "../../lib/session.js";
import { Button } from "../button.js";
import { Meter } from "../meter.js";
import { ProblemNotice } from "./problem-notice.js";

/** How often progress is asked for, in milliseconds. */
const POLL_MS = 1500;

/** @typedef {import("../../lib/playground/videos.js").WaitingJob} WaitingJob */
/** @typedef {{problem: import("../../lib/playground/problems.js").Problem, since: number}} Trouble a problem, and when it came up */

/** @param {unknown} error @returns {Trouble} */
const troubleOf = (error) => ({ problem: problemOf(error, EMPTY_REPLY), since: Date.now() });

/**
 * @param {{model: import("../../lib/playground/models.js").Model, draft: import("../../lib/playground/bench.js").Draft,
 *     fields: Record<string, unknown>, lacking: string, session: import("../../lib/session.js").Session}} props
 */
export function VideoJob({ model, draft, fields, lacking, session }) {
  const [jobs, setJobs] = useState(() => videos.waiting(session.account));
  const [quote, setQuote] = useState(/** @type {{key: string, usd: number, orderId: string} | null} */ (null));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {Trouble | null} */ (null));
  const key = JSON.stringify([model.id, draft.prompt, draft.file?.name, fields]);
  const isQuoted = quote?.key === key;

  const body = async () => {
    const { body: request } = requestOf(model, draft, fields);
    return draft.file ? { ...request, image_url: await dataUrl(draft.file) } : request;
  };
  const attempt = (/** @type {() => Promise<void>} */ step) => async () => {
    setBusy(true);
    setProblem(null);
    await step().catch((error) => setProblem(troubleOf(error)));
    setBusy(false);
  };
  const ask = attempt(async () => setQuote({ key, usd: await videos.quoted(await body(), AbortSignal.timeout(60_000)), orderId: randomId() }));
  const order = attempt(async () => {
    if (!quote) return;
    const job = { ...(await videos.queued(await body(), quote.orderId)), account: session.account, prompt: draft.prompt, usd: quote.usd };
    setQuote(null);
    videos.add(job);
    setJobs((before) => [...before, job]);
  });
  const end = (/** @type {WaitingJob} */ job) => {
    videos.forget(job);
    setJobs((before) => before.filter(({ queueId }) => queueId !== job.queueId));
    void refreshSession();
  };
  return html`<div class="stack">
    <div class="row">
      ${isQuoted
        ? html`<${Button} key="order" kind="primary" icon="play" busy=${busy} onClick=${order}>Make it for ${money(quote.usd)}<//>
            <span class="muted small">${session.tier.isCharged ? "Charged when it is complete; a video that fails costs nothing." : "Your tier is not charged."}</span>`
        : html`<${Button} key="quote" kind="primary" busy=${busy} disabled=${lacking !== ""} onClick=${ask}>Quote<//>
            <span class="muted small">${lacking || "Shows what the video costs, before it is made."}</span>`}
    </div>
    ${problem && html`<${ProblemNotice} ...${problem} />`}
    ${jobs.map((job) => html`<${Progress} key=${job.queueId} job=${job} onEnd=${() => end(job)} />`)}
  </div>`;
}

/** @param {{job: WaitingJob, onEnd: () => void}} props */
function Progress({ job, onEnd }) {
  const [state, setState] = useState({ progress: 0, isWaiting: true, spentMs: 0 });
  const [problem, setProblem] = useState(/** @type {Trouble | null} */ (null));
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    void follow(job, abort.signal, setState).then(
      () => abort.signal.aborted || onEnd(),
      (error) => abort.signal.aborted || setProblem(troubleOf(error)),
    );
    return () => abort.abort();
  }, [turn]);
  if (problem) {
    return html`<div class="stack stack-tight">
      <${ProblemNotice} problem=${{ ...problem.problem, canRetry: true }} since=${problem.since} onRetry=${() => (setProblem(null), setTurn(turn + 1))} />
      <div><${Button} small kind="quiet" icon="close" onClick=${onEnd}>Forget this video<//></div>
    </div>`;
  }
  return html`<${Meter} label=${job.prompt.slice(0, 60)} used=${Math.round(state.progress * 100)} amount=${100}
    format=${(/** @type {number} */ value) => percent(value / 100)}
    note=${state.isWaiting ? "Waits for other videos." : `Is being made, for ${Math.round(state.spentMs / 1000)} s so far. You may leave this page.`} />`;
}

/**
 * @param {WaitingJob} job
 * @param {AbortSignal} signal
 * @param {(state: {progress: number, isWaiting: boolean, spentMs: number}) => void} onProgress
 */
async function follow(job, signal, onProgress) {
  while (!signal.aborted) {
    const found = await videos.retrieved(job, signal).catch(patient);
    if (found && "file" in found) {
      add("video", resultOf(job, found.file));
      videos.forget(job); // also where the page was left meanwhile
      // It has arrived: the server need not keep it for the rest of its 24 hours.
      await videos.deleted(job).catch(() => null);
      return;
    }
    if (found) onProgress(found);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A server that restarts, or a call too many, ends no video. @param {unknown} error */
function patient(error) {
  if (error instanceof ApiError && (error.status === 429 || error.code === "SHUTTING_DOWN" || error.status === 0)) return null;
  throw error;
}

/**
 * @param {WaitingJob} job
 * @param {Blob} file
 * @returns {import("../../lib/playground/bench.js").Result}
 */
const resultOf = (job, file) => ({
  id: job.queueId,
  model: job.model,
  prompt: job.prompt,
  files: [{ url: URL.createObjectURL(file), name: "video.mp4", type: "video/mp4", label: "" }],
  text: "",
  vectors: null,
  texts: [],
  notes: [],
  charge: { usd: job.usd, diem: 0, isExact: false },
  durationMs: 0,
  requestId: "",
});
