/** lib/format.js: amounts, sizes and times as a person reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { asset } from "./assets.mjs";

const { bytes, compact, date, dateTime, duration, inWords, money, number, plural, relative, shortDate } = await import(asset("lib/format.js"));

test("money has the digits that it needs", () => {
  const told = [0, 12.5, 9.987654, 1234567.891, 0.25, 0.1234567, 0.000153, 0.000000001, 0.0000000001, -0.5];
  assert.deepEqual(
    told.map((amount) => money(amount)),
    ["$0.00", "$12.50", "$9.99", "$1,234,567.89", "$0.25", "$0.123", "$0.000153", "$0.000000001", "$0.00", "−$0.50"],
  );
  assert.equal(money("2.5", "DIEM"), "2.50 DIEM");
  assert.equal(money(null), "–");
});

test("numbers are grouped, and short where there is little room", () => {
  assert.deepEqual([1234567, 0, null].map((one) => number(one)), ["1,234,567", "0", "–"]);
  assert.deepEqual([950, 12345, 4500000].map((one) => compact(one)), ["950", "12.3k", "4.5M"]);
  assert.deepEqual([plural(1, "key"), plural(2, "key"), plural(0, "key")], ["1 key", "2 keys", "0 keys"]);
});

test("sizes are in decimal units", () => {
  assert.deepEqual([0, 999, 1000, 999_600, 98_000_000, 2.5e12, null].map(bytes), ["0 B", "999 B", "1 kB", "1 MB", "98 MB", "2.5 TB", "–"]);
});

test("a time is told by its distance", () => {
  const now = Date.parse("2026-11-27T12:00:00Z");
  const told = (/** @type {string | null} */ time) => relative(time, now);
  assert.equal(told("2026-11-27T11:59:50Z"), "just now");
  assert.equal(told("2026-11-27T12:00:10Z"), "in a moment");
  assert.equal(told("2026-11-27T11:45:00Z"), "15 minutes ago");
  assert.equal(told("2026-11-28T00:00:00Z"), "in 12 hours");
  assert.equal(told("2026-11-20T12:00:00Z"), "7 days ago");
  assert.equal(told("2026-12-24T00:00:00Z"), "in 27 days");
  assert.equal(told("2024-11-27T12:00:00Z"), "2 years ago");
  assert.equal(told(null), "never");
});

test("days are UTC days, whatever the zone of the browser", () => {
  assert.equal(date("2026-11-27"), "27 Nov 2026");
  assert.equal(shortDate("2026-11-27"), "27 Nov");
  assert.match(dateTime("2026-11-27T12:00:00Z"), /^2[678] Nov 2026, \d\d:\d\d$/);
});

test("lengths of time have at most two units", () => {
  assert.deepEqual([0.35, 4.25, 200, 50_700, 90_000].map(duration), ["350 ms", "4.3 s", "3 min 20 s", "14 h 5 min", "1 d 1 h"]);
});

test("codes of faults are shown in words", () => {
  assert.equal(inWords("ConnectFailedError"), "connect failed");
  assert.equal(inWords("MODEL_AT_CAPACITY"), "model at capacity");
});
