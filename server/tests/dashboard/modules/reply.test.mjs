import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY_REPLY, extended, hasBegun } from "../../../src/fondaco/http/assets/dashboard/lib/playground/reply.js";

const delta = (delta, more = {}) => ({ id: "chatcmpl-1", model: "m", choices: [{ index: 0, delta, finish_reason: null, ...more }] });
const whole = (...chunks) => chunks.reduce(extended, EMPTY_REPLY);

test("text, reasoning, refusal and the end accumulate", () => {
  const reply = whole(
    delta({ role: "assistant", content: null, reasoning_content: "Let me" }),
    delta({ reasoning_content: " see." }),
    delta({ content: "For", reasoning_content: null }),
    delta({ content: "ty" }),
    delta({ refusal: "No." }),
    delta({}, { finish_reason: "stop" }),
    { choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } },
  );
  assert.equal(reply.content, "Forty");
  assert.equal(reply.reasoning, "Let me see.");
  assert.equal(reply.refusal, "No.");
  assert.equal(reply.finishReason, "stop");
  assert.equal(reply.usage.completion_tokens, 5);
  assert.equal(reply.model, "m");
  assert.ok(hasBegun(reply) && !hasBegun(EMPTY_REPLY));
});

test("calls arrive in pieces, interleaved", () => {
  const reply = whole(
    delta({ tool_calls: [{ index: 0, id: "a", function: { name: "get_", arguments: "" } }] }),
    delta({ tool_calls: [{ index: 1, id: "b", function: { name: "other", arguments: "{" } }] }),
    delta({ tool_calls: [{ index: 0, function: { name: "weather", arguments: '{"city":' } }] }),
    delta({ tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }, { index: 1, function: { arguments: "}" } }] }),
  );
  assert.deepEqual(reply.toolCalls, [
    { id: "a", name: "get_weather", arguments: '{"city":"Oslo"}' },
    { id: "b", name: "other", arguments: "{}" },
  ]);
});

test("sources and notes of a search are in the first chunk", () => {
  const reply = whole({
    ...delta({ content: "" }),
    venice_parameters: { web_search_citations: [{ title: "A", url: "https://a.example/" }], web_notes: [{ code: "PAGE_TYPE", message: "No." }] },
  });
  assert.equal(reply.citations[0].url, "https://a.example/");
  assert.equal(reply.webNotes[0].code, "PAGE_TYPE");
});

test("opaque fields are joined by type and index, as signatures cover all of the text", () => {
  const block = (text, index = 0) => ({ reasoning_details: [{ type: "text", index, text }] });
  const reply = whole(delta(block("a")), delta(block("b")), delta(block("c", 1)));
  assert.deepEqual(reply.opaque.reasoning_details, [
    { type: "text", index: 0, text: "ab" },
    { type: "text", index: 1, text: "c" },
  ]);
});

test("an error event keeps what arrived before it, in either form", () => {
  const begun = whole(delta({ content: "half" }));
  assert.deepEqual(extended(begun, { error: "It failed.", code: "INFERENCE_FAILED" }).error, { message: "It failed.", code: "INFERENCE_FAILED" });
  const object = extended(begun, { error: { message: "It failed.", code: "inference_failed" } });
  assert.deepEqual(object.error, { message: "It failed.", code: "INFERENCE_FAILED" });
  assert.equal(object.content, "half");
});

test("nothing of a chunk is believed", () => {
  for (const chunk of [null, 3, "x", [], {}, { choices: 7 }, { choices: [null] }, { choices: [{ delta: { content: { toString: 1 }, tool_calls: [5, { index: 1e9 }] } }] }]) {
    const reply = extended(EMPTY_REPLY, chunk);
    assert.equal(typeof reply.content, "string");
    assert.ok(reply.toolCalls.length < 200);
  }
});
