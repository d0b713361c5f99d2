/** lib/usage.js: sums of usage for charts and tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { asset } from "./assets.mjs";

const { daysBetween, sumBy, total, utcDay } = await import(asset("lib/usage.js"));

test("a day is a UTC day", () => {
  const now = Date.parse("2026-03-01T00:30:00Z");
  assert.equal(utcDay(0, now), "2026-03-01");
  assert.equal(utcDay(1, now), "2026-02-28");
});

test("days between include both ends, and lose none at a change of the clocks", () => {
  assert.deepEqual(daysBetween("2026-02-27", "2026-03-01"), ["2026-02-27", "2026-02-28", "2026-03-01"]);
  assert.equal(daysBetween("2026-01-01", "2026-12-31").length, 365);
  assert.deepEqual(daysBetween("2026-03-01", "2026-02-27"), []);
});

test("sums have no dust of binary fractions", () => {
  const rows = [
    { model: "a", calls: 1, usd: 0.1, diem: 0 },
    { model: "b", calls: 2, usd: 0.2, diem: 1 },
    { model: "a", calls: 4, usd: 0.2, diem: 0 },
  ];
  assert.equal(total(rows).usd, 0.5);
  assert.equal(total([]).calls, 0);
  const sums = sumBy(rows, (/** @type {{model: string}} */ row) => row.model);
  assert.deepEqual([...sums.keys()], ["a", "b"]);
  assert.equal(sums.get("a").usd, 0.3);
  assert.equal(sums.get("a").calls, 5);
});
