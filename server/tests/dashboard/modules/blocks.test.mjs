import assert from "node:assert/strict";
import { test } from "node:test";

import { BLOCK_LIMIT, BlockReader, TEXT_LIMIT } from "../../../src/fondaco/http/assets/dashboard/lib/markdown-blocks.js";

/** Read a text that grows by `step` characters, and return its blocks. */
function read(text, step = 7) {
  const reader = new BlockReader();
  const blocks = [];
  for (let end = Math.min(step, text.length); ; end = Math.min(end + step, text.length)) {
    const isComplete = end === text.length;
    for (let block = reader.next(text.slice(0, end), isComplete); block; block = reader.next(text.slice(0, end), isComplete)) blocks.push(block);
    if (isComplete) return { blocks, rest: reader.open(text) };
  }
}

const TEXTS = [
  "# A\n\nb *c*\n\n- x\n- y\n\n  z\n\n1. a\n\nend",
  "```py\nx = 1\n\ny = 2\n```\nafter",
  "|a|b|\n|-|-|\n|1|2|\n\nx",
  "> q\n> r\ns\n\n\n\n  indented\n\n    code\n",
  "[a]: http://x.example\n\n[a] and <b>html</b>\n\n<div>\n\nx</div>\n",
];

test("blocks put together are the text, however it arrives", () => {
  for (const text of TEXTS) {
    for (const step of [1, 3, 1000]) {
      const { blocks, rest } = read(text, step);
      assert.equal(blocks.map((block) => block.text).join(""), text);
      assert.equal(rest, null);
    }
  }
});

test("a list goes on after a blank line", () => {
  const { blocks } = read("- a\n\n- b\n\nend", 1);
  assert.equal(blocks[0].tokens.find((token) => token.type === "list").items.length, 2);
});

test("a long text is read in windows, and its rest is plain", () => {
  const text = "A *sentence* of some words.\n\n".repeat(60_000);
  const { blocks, rest } = read(text, 50_000);
  assert.ok(blocks.length > 10 && blocks.every((block) => block.kind === "formatted"));
  const read_ = blocks.map((block) => block.text).join("").length;
  assert.ok(read_ >= TEXT_LIMIT && read_ <= TEXT_LIMIT + BLOCK_LIMIT);
  assert.equal(rest.kind, "plain");
  assert.equal(rest.text, text.slice(read_));
});

test("long code stays one block; a long table becomes plain text", () => {
  const code = `\`\`\`js\n${"line();\n\n".repeat(5000)}\`\`\`\n\nafter`;
  const [block, after] = read(code, 9999).blocks;
  assert.deepEqual([block.kind, block.language], ["code", "js"]);
  assert.equal(after.kind, "formatted");
  const table = `|a|\n|-|\n${"|x|\n".repeat(10_000)}\nafter`;
  assert.deepEqual(read(table, 9999).blocks.map(({ kind }) => kind), ["plain", "formatted"]);
});

test("nesting that is too deep for the lexer is plain text", () => {
  const { blocks } = read(">".repeat(15_000), 15_000);
  assert.deepEqual(blocks.map(({ kind }) => kind), ["plain"]);
});
