import assert from "node:assert/strict";
import { test } from "node:test";

import * as tree from "../../../src/fondaco/http/assets/dashboard/lib/playground/conversation.js";
import { EMPTY_REPLY } from "../../../src/fondaco/http/assets/dashboard/lib/playground/reply.js";
import { Conversations, excess } from "../../../src/fondaco/http/assets/dashboard/lib/playground/storage.js";

const user = (content, images = []) => ({ role: "user", content, images });
const answer = (reply) => ({ ...tree.begunAnswer(), reply: { ...EMPTY_REPLY, ...reply }, state: "complete" });

function asked() {
  const [first, question] = tree.added(tree.newConversation("m"), "", user("Hello\nthere"));
  const [second, reply] = tree.added(first, question, answer({ content: "Hi." }));
  return { conversation: second, question, reply };
}

test("the first message gives the title", () => {
  assert.equal(asked().conversation.title, "Hello");
});

test("a page over plain HTTP, where randomUUID is missing, has conversations, too", (context) => {
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  context.after(() => Reflect.deleteProperty(crypto, "randomUUID"));
  const { conversation, question, reply } = asked();
  assert.equal(new Set([conversation.id, question, reply]).size, 3);
});

test("an edited message is a branch, and the old one stays", () => {
  const { conversation, question } = asked();
  const [edited] = tree.added(conversation, "", user("Changed"));
  assert.deepEqual(tree.shown(edited).map((node) => node.content), ["Changed"]);
  const [changed] = tree.shown(edited);
  assert.deepEqual(tree.branchesOf(edited).get(""), [question, changed.id]);
  const back = tree.turned(edited, changed, -1);
  assert.equal(tree.shown(back).length, 2);
  assert.equal(tree.turned(back, back.nodes[question], -1), back, "there is no branch before the first");
  assert.equal(tree.shown(conversation).length, 2);
});

test("answers under way count as stopped once the page was closed", () => {
  const { conversation, question } = asked();
  const [begun, id] = tree.added(conversation, question, tree.begunAnswer());
  assert.equal(tree.reopened(begun).nodes[id].state, "stopped");
});

test("the request has the system prompt, pictures, calls and results", () => {
  const [one, a] = tree.added(tree.newConversation("m"), "", user("What is it?", ["data:image/png;base64,AA=="]));
  const calls = [{ id: "c1", name: "look", arguments: "{}" }];
  const [two, b] = tree.added(one, a, answer({ toolCalls: calls, reasoning: "Hm.", opaque: { reasoning_opaque: "x" } }));
  assert.deepEqual(tree.openCalls(tree.shown(two)), calls);
  const [three] = tree.added(two, b, { role: "tool", content: "42", toolCallId: "c1", name: "look" });
  assert.deepEqual(tree.openCalls(tree.shown(three)), []);
  assert.deepEqual(tree.wireMessages("Be brief.", tree.shown(three)), [
    { role: "system", content: "Be brief." },
    { role: "user", content: [{ type: "text", text: "What is it?" }, { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }] },
    { role: "assistant", content: null, reasoning_content: "Hm.", tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: "{}" } }], reasoning_opaque: "x" },
    { role: "tool", tool_call_id: "c1", content: "42" },
  ]);
});

test("an answer of which nothing arrived is not sent", () => {
  const { conversation, reply } = asked();
  const [next] = tree.added(conversation, reply, answer({}));
  assert.equal(tree.wireMessages("", tree.shown(next)).length, 2);
});

test("the oldest conversations exceed the limits, never the one that is saved", () => {
  const all = [1, 2, 3, 4].map((updatedAt) => ({ id: `${updatedAt}`, title: "", updatedAt, size: 10 }));
  const ids = (limits, kept) => excess(all, kept, limits).map(({ id }) => id);
  assert.deepEqual(ids({ conversations: 2, characters: 1000 }, "1"), ["3", "2"]);
  assert.deepEqual(ids({ conversations: 9, characters: 25 }, "4"), ["2", "1"]);
  assert.deepEqual(ids({ conversations: 9, characters: 1 }, "4"), ["3", "2", "1"]);
});

test("without IndexedDB conversations live in memory", async () => {
  const held = await Conversations.of("default");
  assert.equal(held.isLasting, false);
  const { conversation } = asked();
  await held.put(conversation);
  assert.equal((await held.list())[0].title, "Hello");
  assert.deepEqual(await held.get(conversation.id), conversation);
  await held.clear();
  assert.deepEqual(await held.list(), []);
});
