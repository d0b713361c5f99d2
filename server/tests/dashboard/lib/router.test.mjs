/** lib/router.js: routes in the fragment of the address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { asset, browse } from "./assets.mjs";

browse("http://127.0.0.1/");
const { link, parseRoute } = await import(asset("lib/router.js"));

test("a fragment has a path, further segments and a query", () => {
  assert.deepEqual(parseRoute(""), { path: "", rest: [], query: {} });
  assert.deepEqual(parseRoute("#/usage?by=day&model=a%2Fb"), { path: "usage", rest: [], query: { by: "day", model: "a/b" } });
  assert.deepEqual(parseRoute("#/models/org%2Fname"), { path: "models", rest: ["org/name"], query: {} });
});

test("a fragment that is damaged is a route all the same", () => {
  assert.deepEqual(parseRoute("#/models/%E0%A4%A"), { path: "models", rest: ["%E0%A4%A"], query: {} });
});

test("a link leaves out what has no value", () => {
  assert.equal(link(""), "#/");
  assert.equal(link("usage", { by: "key", model: "", key: null, sku: undefined }), "#/usage?by=key");
  assert.deepEqual(parseRoute(link("usage", { model: "a b&c" })).query, { model: "a b&c" });
});
