"""A long conversation stays fluent: what has not changed is neither drawn nor saved again."""

import threading
from collections.abc import Iterator

import anyio
import pytest
from playwright.sync_api import Page, expect

from dashboard.playground import Playground
from dashboard.served import Dashboard, dashboard
from dashboard.test_playground_hostile import END, chunk
from fake_upstream import Asked, FakeUpstream, Wire, in_thread

MESSAGES = 200
_CONFIGURATION = """
[engines.scripted]
base_url = "{scripted}"
models = {{ scripted = "toy" }}

[models.scripted]
name = "Scripted"
price = {{ input = 0, output = 0 }}
engines = ["scripted"]
context_tokens = 2000000
max_output_tokens = 1000000
"""
_SEEDED = """
async ([account, count]) => {
  const nodes = {}, chosen = {};
  let parent = "";
  for (let place = 0; place < count; place += 1) {
    const id = `n${place}`;
    const reply = { id: "", model: "scripted", content: `Answer *${place}*.`, reasoning: "", refusal: "", toolCalls: [],
      citations: [], webNotes: [], opaque: {}, usage: null, finishReason: "stop", error: null };
    const figures = { startedAt: 0, firstTokenMs: 1, durationMs: 2, charge: null, requestId: "", ignored: [] };
    nodes[id] = place % 2 === 0
      ? { id, parent, role: "user", content: `Question ${place}.`, images: [] }
      : { id, parent, role: "assistant", reply, state: "complete", problem: null, figures };
    chosen[parent] = id;
    parent = id;
  }
  const conversation = { id: "long", title: "Long", createdAt: 0, updatedAt: Date.now(), model: "scripted", system: "",
    parameters: {}, nodes, chosen };
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("fondaco-playground", 1);
    request.onsuccess = () => resolve(request.result);
  });
  const transaction = database.transaction(["summaries", "conversations"], "readwrite");
  const { id, title, updatedAt } = conversation;
  transaction.objectStore("summaries").put({ account, id, title, updatedAt, size: 1 });
  transaction.objectStore("conversations").put({ account, id, conversation });
  await new Promise((resolve) => (transaction.oncomplete = resolve));
  sessionStorage.setItem("fondaco-conversation", "long");
}
"""
_COUNT = """
async () => {
  const { name } = performance.getEntriesByType("resource").find(({ name }) => name.endsWith("/vendor/preact.js"));
  const { options } = await import(name);
  const before = options.diffed;
  window.drawn = {};
  options.diffed = (vnode) => {
    if (typeof vnode.type === "function") drawn[vnode.type.name] = (drawn[vnode.type.name] ?? 0) + 1;
    before?.(vnode);
  };
  window.saved = 0;
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...values) {
    if (this.name === "conversations") window.saved += 1;
    return put.apply(this, values);
  };
}
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeUpstream]:
    with in_thread(FakeUpstream()) as fake:
        yield fake


@pytest.fixture(scope="module")
def served(engine: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    configuration = _CONFIGURATION.format(scripted=engine.base_url)
    with dashboard(tmp_path_factory.mktemp("fluent") / "home", configuration) as one:
        yield one


@pytest.fixture
def playground(served: Dashboard, page: Page) -> Playground:
    """A conversation of 200 messages, of which from now on is counted what is drawn and saved."""
    account = served.account()
    playground = Playground.of(page, served, model="scripted", account=account)
    page.evaluate(_SEEDED, [account, MESSAGES])
    page.reload()
    expect(playground.questions).to_have_count(MESSAGES // 2)
    page.evaluate(_COUNT)
    return playground


def test_a_streamed_answer_draws_its_own_message_alone(
    playground: Playground, engine: FakeUpstream
) -> None:
    page = playground.page
    go_on, end = threading.Event(), threading.Event()

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        await wire.event(chunk("It begins.\n\n"))
        await anyio.to_thread.run_sync(go_on.wait)
        for number in range(20):
            await wire.event(chunk(f"Sentence {number} has *emphasis*.\n\n"))
            await anyio.sleep(0.02)  # so that there are many frames
        await anyio.to_thread.run_sync(end.wait)
        await wire.event(END)
        await wire.event("[DONE]")
        await wire.end()
        return True

    engine.next(script)
    playground.say("Write much.")
    expect(playground.answer).to_contain_text("It begins.")
    page.evaluate(
        "() => { window.drawn = {} }"
    )  # the buttons of all messages went with the question
    go_on.set()
    expect(playground.answer).to_contain_text("Sentence 19")
    drawn: dict[str, int] = page.evaluate("() => drawn")
    end.set()
    playground.wait()
    assert drawn["AssistantMessage"] > 1
    assert drawn["AssistantMessage"] <= drawn["Shown"]
    assert drawn.get("UserMessage", 0) == 0
    assert drawn.get("ModelPicker", 0) <= 1  # with the list of conversations, once it is saved


def test_typing_draws_no_message_and_saves_the_conversation_seldom(playground: Playground) -> None:
    page = playground.page
    page.clock.install()
    page.evaluate("() => { window.drawn = {}; window.saved = 0 }")
    playground.message.press_sequentially("A question of forty letters, or a few more.")
    assert page.evaluate("() => drawn.AssistantMessage ?? 0") == 0
    assert page.evaluate("() => window.saved") == 0
    system = page.get_by_label("System prompt", exact=True)
    page.clock.pause_at("2126-01-01")
    system.press_sequentially("Answer briefly, as a pilot of the lagoon would.")
    assert page.evaluate("() => drawn.AssistantMessage ?? 0") == 0
    assert page.evaluate("() => window.saved") == 0
    page.clock.run_for(1000)
    page.wait_for_function("() => window.saved === 1")


def test_what_was_typed_last_survives_a_reload(playground: Playground) -> None:
    page = playground.page
    page.get_by_label("System prompt", exact=True).fill("Answer briefly.")
    page.reload()
    expect(page.get_by_label("System prompt", exact=True)).to_have_value("Answer briefly.")
