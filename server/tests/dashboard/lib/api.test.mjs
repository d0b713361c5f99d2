/** lib/api.js: requests to the server, against one that answers as it is told. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { asset, browse } from "./assets.mjs";

/** @typedef {{method: string, url: string, headers: import("node:http").IncomingHttpHeaders, body: string}} Received */

/** @type {Received[]} */
let received = [];
/** @type {[status: number, body: string, headers?: Record<string, string>][]} */
let answers = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    received.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
    const [status, text, headers = {}] = answers.shift() ?? [200, "{}"];
    response.writeHead(status, { connection: "close", ...headers }).end(text);
  });
});
/** @type {any} */
let api;

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  browse(`http://127.0.0.1:${port}/below/#/keys`);
  api = await import(asset("lib/api.js"));
});
after(() => void server.close());
beforeEach(() => void (received = []));

test("paths are relative to the page, and each request says that it is the dashboard's", async () => {
  answers = [[200, '{"data": 1}']];
  assert.deepEqual(await api.get("api/v1/models", { type: "all", limit: null, names: ["a", "b"] }), { data: 1 });
  assert.equal(received[0].url, "/below/api/v1/models?type=all&names=a%2Cb");
  assert.equal(received[0].headers["x-fondaco-dashboard"], "1");
});

test("the half of the session's token that a log-in brings goes with every request after it", async () => {
  answers = [[200, "{}", { "x-fondaco-dashboard": "half" }]];
  await api.post("dashboard/session", { login: "token" });
  await api.get("api/v1/models");
  assert.equal(received[1].headers["x-fondaco-dashboard"], "half");
});

test("an error has the server's words, whichever dialect it speaks", async () => {
  answers = [
    [400, '{"error": "The key has no description.", "code": "INVALID", "details": {"description": {"_errors": ["Say it."]}}}'],
    [404, '{"error": {"message": "No such model.", "code": "model_not_found"}}'],
    [413, "<html>a proxy's page</html>"],
  ];
  const errors = [];
  for (const path of ["one", "two", "three"]) errors.push(await api.post(path, {}).catch((/** @type {unknown} */ error) => error));
  assert.deepEqual(errors.map(({ status, code, message }) => [status, code, message]), [
    [400, "INVALID", "The key has no description."],
    [404, "model_not_found", "No such model."],
    [413, "HTTP_413", "The server answered with status 413."],
  ]);
  assert.deepEqual(errors[0].details.description._errors, ["Say it."]);
  assert.ok(errors[2].remedy);
});

test("reads are repeated while a server starts; writes never", async () => {
  answers = [[503, "{}"], [200, '{"ready": true}']];
  assert.deepEqual(await api.get("status"), { ready: true });
  assert.equal(received.length, 2);
  for (const write of [() => api.post("keys", { a: 1 }), () => api.patch("keys", {}), () => api.del("keys")]) {
    received = [];
    answers = [[503, "{}"], [200, "{}"]];
    await assert.rejects(write(), { status: 503 });
    assert.equal(received.length, 1);
  }
});

test("a session that is no longer accepted is told of, beside the error", async () => {
  let told = 0;
  api.onUnauthorized(() => (told += 1));
  answers = [[401, '{"error": "Authentication failed.", "code": "AUTHENTICATION_FAILED"}']];
  await assert.rejects(api.get("api/v1/models"), { status: 401, code: "AUTHENTICATION_FAILED" });
  assert.equal(told, 1);
});

test("an aborted request is not an error of the server", async () => {
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(api.get("api/v1/models", {}, abort.signal), { name: "AbortError" });
});

test("a file is sent as it is", async () => {
  await api.post("upload", new Blob(["bytes"], { type: "text/plain" }));
  assert.equal(received[0].body, "bytes");
  assert.equal(received[0].headers["content-type"], "text/plain");
});

test("a body that does not arrive is told, as is a head that does not", async () => {
  const half = createServer((_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write('{"half": ');
  });
  await new Promise((resolve) => half.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (half.address());
  const address = `http://127.0.0.1:${port}/`;
  await assert.rejects(api.request(address, { timeout_s: 0.05 }), { status: 0, code: "TIMED_OUT" });
  await assert.rejects(api.file(address, { timeout_s: 0.05 }), { status: 0, code: "TIMED_OUT" });
  half.closeAllConnections();
  half.close();
});

test("a body that breaks off is an error of the connection, not of the page", async () => {
  const broken = createServer((request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write('{"half": ', () => request.socket.destroy());
  });
  await new Promise((resolve) => broken.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (broken.address());
  await assert.rejects(api.request(`http://127.0.0.1:${port}/`, { method: "POST", body: {} }), { status: 0, code: "UNREACHABLE" });
  broken.close();
});
