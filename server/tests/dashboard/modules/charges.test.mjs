import assert from "node:assert/strict";
import { test } from "node:test";

import { fromLedger, ofTokens, ofUnits } from "../../../src/fondaco/http/assets/dashboard/lib/playground/charges.js";

const model = (pricing, type = "text") => ({ id: "m", type, model_spec: { pricing } });
const PRICES = { input: { usd: 0.05 }, output: { usd: 0.15 }, cache_input: { usd: 0.01 } };

test("tokens cost what the server charges: each row rounded up to a nano-dollar", () => {
  const usage = { prompt_tokens: 33, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 3 } };
  // 30 * 0.05 = 1.5 -> 1500 nano, 3 * 0.01 -> 30 nano, 4 * 0.15 -> 600 nano
  assert.equal(ofTokens(model(PRICES), usage).usd, 2130e-9);
  assert.equal(ofTokens(model(PRICES), { prompt_tokens: 33, completion_tokens: 0 }).usd, 0);
  assert.equal(ofTokens(model({ input: { usd: 0.0001 } }, "embedding"), { prompt_tokens: 3 }).usd, 1e-9);
  assert.equal(ofTokens(model(undefined), usage), null);
});

test("noise of binary fractions is not rounded up", () => {
  assert.equal(ofUnits(3, { usd: 0.0001 }).usd, 300000e-9);
  assert.equal(ofUnits(1, { usd: 0.07 }).usd, 0.07);
});

test("the ledger's rows of a request are its charge", () => {
  const row = (amount, currency, requestId) => ({ amount, currency, inferenceDetails: { requestId } });
  const page = { data: [row(-0.25, "USD", "chatcmpl-ray1"), row(-0.5, "DIEM", "chatcmpl-ray1"), row(-9, "USD", "chatcmpl-ray2")] };
  assert.deepEqual(fromLedger(page, "ray1"), { usd: 0.75, diem: 0.5, isExact: true });
  assert.equal(fromLedger(page, "ray3"), null);
  assert.equal(fromLedger(null, "ray1"), null);
});
