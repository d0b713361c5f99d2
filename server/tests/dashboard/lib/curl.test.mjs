/** lib/curl.js: a model's first call as a command. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { asset, browse } from "./assets.mjs";

browse("http://127.0.0.1:8000/");
const { curl } = await import(asset("lib/curl.js"));

test("a model's id is a word of the shell, and never the name of a file to send", () => {
  for (const id of ["@/etc/passwd", "</etc/passwd", "a'; touch hacked; '", "$(touch hacked)"]) {
    const command = curl({ id, type: "asr", model_spec: {} });
    assert.ok(!command.includes("-F model="), command);
    assert.ok(!command.includes("-F 'model="), command);
    assert.match(command, /--form-string /);
    assert.match(command, /-F file=@hello\.mp3/);
  }
});
