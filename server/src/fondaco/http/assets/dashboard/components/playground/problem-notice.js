/** What went wrong with a request, and what to do: at once, later, or on another page. */
import { html, useEffect, useState } from "../../lib/ui.js";
import { link } from "../../lib/router.js";
import { Button, LinkButton } from "../button.js";
import { Icon } from "../icon.js";

/** @type {Record<string, [string, string]>} */
const PAGES = { models: ["models", "Open Models"], limits: ["limits", "Open Limits"] };

/**
 * @param {{problem: import("../../lib/playground/problems.js").Problem, since: number, onRetry?: () => void}} props
 *     `since`: when it happened, in milliseconds since 1970
 */
export function ProblemNotice({ problem, since, onRetry }) {
  const { title, message, advice, canRetry, retryAfterS, page } = problem;
  const wait_s = useWait(since + retryAfterS * 1000);
  const target = PAGES[page];
  return html`<div class="notice notice-bad pg-problem" role="alert">
    <${Icon} name="warning" />
    <div>
      <p><strong>${title}.</strong> ${message}</p>
      ${advice && html`<p>${advice}</p>`}
      <div class="row">
        ${onRetry && canRetry && html`<${Button} small icon="retry" disabled=${wait_s > 0} onClick=${onRetry}>
          ${wait_s > 0 ? `Retry in ${wait_s} s` : "Retry"}
        <//>`}
        ${target && html`<${LinkButton} small href=${link(target[0])}>${target[1]}<//>`}
      </div>
    </div>
  </div>`;
}

/**
 * Return the seconds until a time, rendering again while there are any.
 *
 * @param {number} end
 */
function useWait(end) {
  const [now, setNow] = useState(Date.now());
  const left = Math.max(0, Math.ceil((end - now) / 1000));
  useEffect(() => {
    if (left === 0) return undefined;
    const timer = setTimeout(() => setNow(Date.now()), 500);
    return () => clearTimeout(timer);
  }, [now, left]);
  return left;
}
