import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { DELAY_MS, Saving } from "../../../src/fondaco/http/assets/dashboard/lib/playground/saving.js";

/** @type {any[]} */
let saved = [];
/** @type {(() => void) | null} */
let held = null;
/** @type {Saving} */
let saving;
mock.timers.enable({ apis: ["setTimeout"] });

/** @param {string} id @param {number} version @returns {any} */
const state = (id, version) => ({ id, version });
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  saved = [];
  held = null;
  saving = new Saving(async (/** @type {any} */ one) => {
    if (one.version === 0) await new Promise((resolve) => (held = () => resolve(undefined)));
    saved.push(`${one.id}${one.version}`);
  });
});

test("however many letters are typed, the latest state is saved once", async () => {
  for (let version = 1; version <= 50; version += 1) saving.soon(state("a", version));
  assert.deepEqual(saved, []);
  assert.equal(/** @type {any} */ (saving.newer("a")).version, 50);
  mock.timers.tick(DELAY_MS);
  await settled();
  assert.deepEqual(saved, ["a50"]);
  assert.equal(saving.newer("a"), null);
});

test("typing without a pause is saved at intervals all the same", async () => {
  for (let version = 1; version <= 20; version += 1) {
    saving.soon(state("a", version));
    mock.timers.tick(DELAY_MS / 4);
  }
  await settled();
  assert.ok(saved.length >= 4, `${saved.length}`);
});

test("one conversation does not hold up another, nor take its place", async () => {
  saving.soon(state("a", 1));
  saving.soon(state("b", 1));
  await saving.all();
  assert.deepEqual(saved, ["a1", "b1"]);
});

test("saving at once replaces what waits", async () => {
  saving.soon(state("a", 1));
  await saving.now(state("a", 2));
  mock.timers.tick(DELAY_MS);
  await settled();
  assert.deepEqual(saved, ["a2"]);
});

test("a slow save is not overtaken by the next one", async () => {
  const first = saving.now(state("a", 0));
  const second = saving.now(state("a", 1));
  await settled();
  assert.deepEqual(saved, []);
  held?.();
  await Promise.all([first, second]);
  assert.deepEqual(saved, ["a0", "a1"]);
});

test("a deleted conversation does not come back", async () => {
  const running = saving.now(state("a", 0));
  saving.soon(state("a", 1));
  await settled();
  const ended = saving.ended("a");
  held?.();
  await Promise.all([ended, running]);
  mock.timers.tick(DELAY_MS);
  await settled();
  assert.deepEqual(saved, ["a0"]);
});
