/** Model files that an operator can have fetched, and how that goes. */
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { ApiError, get, post } from "../../lib/api.js";
import { bytes } from "../../lib/format.js";
import { useResource } from "../../lib/resource.js";
import { toast } from "../announcer.js";
import { Button } from "../button.js";
import { ProgressBar } from "../progress-bar.js";
import { ErrorNotice } from "../states.js";

/**
 * @typedef {object} Download
 * @property {string} model
 * @property {"available" | "queued" | "running" | "completed" | "failed"} state
 * @property {number} bytes that are here
 * @property {number | null} totalBytes
 * @property {string | null} error
 */

/**
 * @typedef {object} Downloads
 * @property {Map<string, Download>} byModel empty for sessions that are no operator's
 * @property {(model: string) => Promise<void>} start
 */

/** Whether a download goes on by itself. @param {Download} download */
const isOpen = ({ state }) => state === "queued" || state === "running";

/**
 * Follow the downloads; while one runs, every second.
 *
 * @param {boolean} isOperator
 * @param {() => void} onCompleted called when a download has ended and its model serves
 * @returns {Downloads}
 */
export function useDownloads(isOperator, onCompleted) {
  const [isRunning, setIsRunning] = useState(false);
  const running = useRef(/** @type {Set<string>} */ (new Set()));
  const resource = useResource(
    (signal) => (isOperator ? get("api/v1/operator/downloads", {}, signal) : Promise.resolve({ data: [] })),
    [isOperator],
    { every_s: isRunning ? 1 : 0 },
  );
  /** @type {Download[]} */
  const rows = resource.data?.data ?? [];

  useEffect(() => {
    const before = running.current;
    running.current = new Set(rows.filter(isOpen).map((row) => row.model));
    setIsRunning(running.current.size > 0);
    const completed = rows.filter((row) => row.state === "completed" && before.has(row.model));
    for (const { model } of completed) toast(`${model} is installed and serves.`);
    if (completed.length) onCompleted();
  }, [resource.data]);

  return {
    byModel: new Map(rows.map((row) => [row.model, row])),
    start: async (model) => {
      await post("api/v1/operator/downloads", { model });
      resource.reload();
    },
  };
}

/**
 * A button that fetches a model's files, and then their progress. Nothing where they are here already.
 *
 * @param {{download: Download | undefined, start: (model: string) => Promise<void>, small?: boolean}} props
 */
export function Pull({ download, start, small }) {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  if (!download || download.state === "completed") return null;
  const { model, state, bytes: here, totalBytes } = download;
  if (state === "queued") return html`<p class="small muted" role="status">Waits for another download.</p>`;
  if (state === "running") {
    const size = totalBytes ? `${bytes(here)} of ${bytes(totalBytes)}` : bytes(here);
    return html`<${ProgressBar} label=${`Pulling ${model}`} share=${totalBytes ? Math.min(1, here / totalBytes) : null} note=${size} />`;
  }
  const pull = async () => {
    setBusy(true);
    setError(null);
    try {
      await start(model);
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  return html`<div class="stack stack-tight">
    ${state === "failed" && html`<${ErrorNotice} title="The download failed." error=${failureOf(download)} />`}
    ${error !== null && html`<${ErrorNotice} error=${error} />`}
    <div>
      <${Button} small=${small} icon="download" busy=${busy} onClick=${pull}>
        <span>${state === "failed" ? "Retry" : "Pull"}<span class="visually-hidden"> ${model}</span>${totalBytes ? ` (${bytes(totalBytes)})` : ""}</span>
      <//>
    </div>
  </div>`;
}

/** Why a download failed, as the server tells it. @param {Download} download */
const failureOf = ({ error }) => new ApiError({ status: 0, code: "DOWNLOAD_FAILED", message: error ?? "" });
