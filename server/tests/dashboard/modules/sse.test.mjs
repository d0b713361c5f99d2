import assert from "node:assert/strict";
import { test } from "node:test";

import { EventParser, eventsOf } from "../../../src/fondaco/http/assets/dashboard/lib/sse.js";

const STREAM =
  "\ufeff: a comment\r\n\r\ndata: {\"a\":\"ü€😀\"}\r\n\r\nevent: named\rdata: one\rdata:two\r\rdata\n\n: ping\n\nid: 7\nretry: 3\ndata:  [DONE]\n\n";
const EVENTS = [
  { event: "message", data: '{"a":"ü€😀"}' },
  { event: "named", data: "one\ntwo" },
  { event: "message", data: "" },
  { event: "message", data: " [DONE]" },
];

/** @param {Uint8Array[]} chunks */
const bodyOf = (chunks) => ReadableStream.from(chunks);

async function read(chunks) {
  const events = [];
  for await (const event of eventsOf(bodyOf(chunks))) events.push(event);
  return events;
}

test("a stream cut at any byte gives the same events", async () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    assert.deepEqual(await read([bytes.slice(0, cut), bytes.slice(cut)]), EVENTS, `cut at ${cut}`);
  }
  assert.deepEqual(await read([...bytes].map((byte) => Uint8Array.of(byte))), EVENTS);
});

test("an event that the end cuts off is no event", async () => {
  assert.deepEqual(await read([new TextEncoder().encode("data: a\n\ndata: b\n")]), [{ event: "message", data: "a" }]);
});

test("leaving the loop cancels the body", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("data: x\n\n")),
    cancel: () => void (cancelled = true),
  });
  for await (const event of eventsOf(body)) {
    assert.equal(event.data, "x");
    break;
  }
  assert.ok(cancelled);
});

test("a long line in small pieces takes linear time, and has a limit", () => {
  const parser = new EventParser();
  parser.push("data: ");
  const piece = "x".repeat(2 ** 16);
  for (let count = 0; count < 1000; count += 1) parser.push(piece);
  assert.throws(() => {
    for (let count = 0; count < 100; count += 1) parser.push(piece);
  }, /64 MiB/);
});

test("an error of the body is the reader's", async () => {
  const body = new ReadableStream({ start: (controller) => controller.error(new TypeError("network error")) });
  await assert.rejects(async () => {
    for await (const event of eventsOf(body)) assert.fail(event.data);
  }, TypeError);
});
