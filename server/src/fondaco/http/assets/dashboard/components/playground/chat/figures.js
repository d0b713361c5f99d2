/** Tokens, charge and speed of an answer, in one line. */
import { html } from "../../../lib/ui.js";
import { duration, money, number } from "../../../lib/format.js";

/** @param {{node: import("../../../lib/playground/conversation.js").AssistantMessage}} props */
export function Figures({ node: { reply, figures, state } }) {
  const { usage } = reply;
  const { firstTokenMs, durationMs, charge, requestId } = figures;
  const parts = [];
  if (usage) {
    const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
    const thought = usage.completion_tokens_details?.reasoning_tokens ?? 0;
    const ofPrompt = cached ? ` (${number(cached)} cached)` : "";
    const ofAnswer = thought ? ` (${number(thought)} reasoning)` : "";
    parts.push(html`<span title="Tokens of the prompt and of the answer">${number(usage.prompt_tokens)} in${ofPrompt}, ${number(usage.completion_tokens)} out${ofAnswer}</span>`);
  }
  if (charge) parts.push(html`<span title=${chargeNote(charge)}>${charge.usd === 0 ? "free" : money(charge.usd)}</span>`);
  if (firstTokenMs !== null) parts.push(html`<span title="From sending the request to the first piece of the answer">first token ${duration(firstTokenMs / 1000)}</span>`);
  const rate = speed(usage?.completion_tokens, firstTokenMs, durationMs);
  if (rate !== null) parts.push(html`<span title="Tokens of the answer for each second after the first one">${number(rate, rate < 10 ? 1 : 0)} tokens/s</span>`);
  if (state === "stopped") parts.push(html`<span>stopped</span>`);
  if (reply.finishReason === "length") parts.push(html`<span title="A token limit cut the answer off: max_completion_tokens, the context, or the balance">cut off by the token limit</span>`);
  return html`<p class="pg-figures small muted" title=${requestId ? `Request ${requestId}` : undefined}>
    ${parts.map((part, place) => html`<span key=${place}>${part}</span>`)}
  </p>`;
}

/** @param {import("../../../lib/playground/charges.js").Charge} charge */
export function chargeNote({ usd, diem, isExact }) {
  if (usd === 0) return "Nothing is charged";
  if (!isExact) return "By the listed prices";
  return diem > 0 ? `Charged: ${diem >= usd ? "all of it in DIEM" : `${money(diem, "DIEM")} of it in DIEM`}` : "Charged in USD";
}

/**
 * @param {number | undefined} tokens
 * @param {number | null} firstMs
 * @param {number} durationMs
 */
function speed(tokens, firstMs, durationMs) {
  if (!tokens || tokens < 2 || firstMs === null || durationMs <= firstMs) return null;
  return ((tokens - 1) * 1000) / (durationMs - firstMs);
}
