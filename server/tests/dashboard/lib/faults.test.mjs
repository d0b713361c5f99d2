/** lib/faults.js: what the server finds wrong, by the field of the form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { asset, browse } from "./assets.mjs";

browse("http://127.0.0.1/");
const { faultOf, isShown } = await import(asset("lib/faults.js"));
const { ApiError } = await import(asset("lib/api.js"));

const details = { _errors: [], consumptionLimit: { _errors: [], usd: { _errors: ["At most 9 decimals.", "Not negative."] } } };
const error = new ApiError({ status: 400, code: "INVALID_REQUEST", message: "Two fields are wrong.", details });

test("a fault stands at its field, however deep", () => {
  assert.equal(faultOf(error, "consumptionLimit.usd"), "At most 9 decimals. Not negative.");
  assert.equal(faultOf(error, "consumptionLimit.diem"), null);
  assert.equal(faultOf(error, "description"), null);
  assert.equal(faultOf(null, "description"), null);
});

test("an error that no field shows belongs above the form", () => {
  assert.equal(isShown(error, ["description", "consumptionLimit.usd"]), true);
  assert.equal(isShown(error, ["description"]), false);
  assert.equal(isShown(new ApiError({ status: 429, code: "RATE_LIMIT", message: "Slow down." }), ["description"]), false);
});
