import assert from "node:assert/strict";
import { test } from "node:test";

/** @type {any} */
const page = globalThis;
/** @type {Map<string, () => void>} */
const listeners = new Map();
page.addEventListener = (/** @type {string} */ name, /** @type {() => void} */ listener) => listeners.set(name, listener);
page.document = { hidden: false, baseURI: "http://localhost/" };

const { begin, open, show, update, workspace } = await import(
  "../../../src/fondaco/http/assets/dashboard/lib/playground/workspace.js"
);
const { added } = await import("../../../src/fondaco/http/assets/dashboard/lib/playground/conversation.js");

const shown = () => workspace.get().current?.id;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Have conversations in the store, none of which is shown. @param {string[]} ids */
async function stored(...ids) {
  await open(/** @type {any} */ ({ account: "ada" }));
  for (const id of ids) {
    begin("toy", { id });
    update((/** @type {any} */ one) => added(one, "", { role: "user", content: "Hi", images: [] })[0]);
  }
  listeners.get("pagehide")?.();
  await settled();
  begin("toy", { id: "none of them" });
}

test("a conversation is shown once it was read", async () => {
  await stored("first");
  await show("first");
  assert.equal(shown(), "first");
});

test("a conversation that is begun while another one is read stays shown", async () => {
  await stored("first");
  const reading = show("first");
  begin("toy", { id: "new" });
  await reading;
  assert.equal(shown(), "new");
});

test("of two conversations that are opened in a row, the last one is shown", async () => {
  await stored("first", "second");
  await Promise.all([show("first"), show("second")]);
  assert.equal(shown(), "second");
});
