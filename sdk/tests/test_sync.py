"""The client without `await`, against the program with the embedded model over a socket."""

import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fake_upstream import Asked, FakeUpstream, Script, Wire, hanging, in_thread
from program import Program, until
from venice_ai import (
    APIConnectionError,
    NotFoundError,
    SyncVeniceClient,
    UserMessage,
)
from venice_ai._portal import Portal
from venice_ai._sync.facade import Facade
from venice_ai.types.api.chat import ChatCompletionResponse, ToolCall

QUESTION = [UserMessage(content="Say hello.")]
LIMIT_S = 20.0
"""A call that is not interrupted, as tests of interruption want it, ends after this."""
BRIEF: dict[str, Any] = {"model": "default", "messages": QUESTION, "max_completion_tokens": 4}

CALL: dict[str, object] = {
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":2,"b":3}'}}
    ]
}


def whole(message: dict[str, object]) -> Script:
    """Let the model say this."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.whole(200, {"choices": [{"index": 0, "message": message}]})
        return True

    return script


def client_of(fake: FakeUpstream) -> SyncVeniceClient:
    return SyncVeniceClient(base_url=fake.base_url, timeout=LIMIT_S)


@pytest.fixture(scope="module")
def client(served: Program) -> Iterator[SyncVeniceClient]:
    with SyncVeniceClient(api_key=served.api_key, base_url=f"{served.url}/api/v1") as one:
        yield one


def test_a_chat_is_answered(client: SyncVeniceClient) -> None:
    reply = client.chat.completions.create(**BRIEF)
    assert reply.choices[0].message.content
    assert reply.meta.request_id


def test_a_stream_is_an_iterator(client: SyncVeniceClient) -> None:
    chunks = list(client.chat.completions.create(**BRIEF, temperature=0, stream=True))
    whole = client.chat.completions.create(**BRIEF, temperature=0)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == whole.choices[0].message.content


def test_a_stream_has_its_text_and_its_end(client: SyncVeniceClient) -> None:
    with client.chat.completions.stream(**BRIEF) as stream:
        text = "".join(stream.text_deltas())
        assert stream.collect().choices[0].message.content == text
        assert stream.meta.status == 200


def test_other_resources_are_there(client: SyncVeniceClient) -> None:
    model = client.models.resolve_chat()
    assert model in {one.id for one in client.models.list().data}
    estimate = client.chat.completions.estimate_cost(model=model, messages=QUESTION)
    assert estimate.total_cost_usd > 0


def test_errors_are_raised(client: SyncVeniceClient) -> None:
    with pytest.raises(NotFoundError, match="Did you mean"):
        client.chat.completions.create(model="defualt", messages=QUESTION)


def test_any_number_of_threads_can_use_one_client(client: SyncVeniceClient) -> None:
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda _: client.chat.completions.create(**BRIEF), range(8)))
    assert len({reply.id for reply in replies}) == 8


def test_a_batch_is_answered(client: SyncVeniceClient) -> None:
    replies = client.chat.completions.batch([BRIEF, BRIEF])
    assert {type(reply) for reply in replies} == {ChatCompletionResponse}


def test_other_options_share_the_connections(client: SyncVeniceClient) -> None:
    with pytest.raises(NotFoundError):
        client.with_options(max_retries=0).chat.completions.create(model="x", messages=QUESTION)


def test_functions_run_in_the_thread_that_called() -> None:
    database = sqlite3.connect(":memory:")  # which refuses any other thread
    threads: list[threading.Thread] = []

    def add(a: int, b: int) -> int:
        threads.append(threading.current_thread())
        total: int = database.execute("SELECT ? + ?", (a, b)).fetchone()[0]
        return total

    with in_thread(FakeUpstream()) as fake, client_of(fake) as client:
        fake.next(whole(CALL), whole({"content": "5"}))
        result = client.chat.completions.run_with_tools(model="toy", messages=QUESTION, tools=[add])
    database.close()
    assert result.messages[2].content == "5"
    assert threads == [threading.current_thread()]


def test_functions_can_use_the_client_themselves() -> None:
    with in_thread(FakeUpstream()) as fake, client_of(fake) as client:

        def add(a: int, b: int) -> object:
            reply = client.chat.completions.create(model="toy", messages=QUESTION)
            return reply.choices[0].message.content

        fake.next(whole(CALL), whole({"content": "five"}), whole({"content": "Five."}))
        result = client.chat.completions.run_with_tools(model="toy", messages=QUESTION, tools=[add])
    assert result.messages[2].content == "five"


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let SIGINT raise here, although tests may run where it is ignored: in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_within_a_stream_is_raised_and_hangs_up() -> None:
    def read(client: SyncVeniceClient) -> None:
        with client.chat.completions.stream(model="toy", messages=QUESTION) as stream:
            next(stream)
            press_ctrl_c_once_it_waits()
            list(stream)

    with in_thread(FakeUpstream()) as fake, client_of(fake) as client:
        fake.next(hanging(after=2))
        with pytest.raises(KeyboardInterrupt):
            read(client)
        until(lambda: fake.asked[-1].hung_up, within_s=10)
        assert client.chat.completions.create(model="toy", messages=QUESTION).choices


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_call() -> None:
    with in_thread(FakeUpstream()) as fake, client_of(fake) as client:
        fake.next(hanging())
        press_ctrl_c_once_it_waits()
        with pytest.raises(KeyboardInterrupt):
            client.chat.completions.create(model="toy", messages=QUESTION)
        assert client.chat.completions.create(model="toy", messages=QUESTION).choices


def test_ctrl_c_within_a_tool_is_raised() -> None:
    def add(a: int, b: int) -> int:
        raise KeyboardInterrupt

    with in_thread(FakeUpstream()) as fake, client_of(fake) as client:
        fake.next(whole(CALL))
        with pytest.raises(KeyboardInterrupt):
            client.chat.completions.run_with_tools(model="toy", messages=QUESTION, tools=[add])
        assert client.chat.completions.create(model="toy", messages=QUESTION).choices


def test_an_asynchronous_tool_that_would_wait_for_its_own_loop_is_told() -> None:
    with in_thread(FakeUpstream()) as fake, client_of(fake) as client:

        async def add(a: int, b: int) -> object:
            return client.chat.completions.create(model="toy", messages=QUESTION)

        def give_up(call: ToolCall, error: Exception) -> str:
            raise error

        fake.next(whole(CALL))
        with pytest.raises(RuntimeError, match="in its own event loop"):
            client.chat.completions.run_with_tools(
                model="toy", messages=QUESTION, tools=[add], on_tool_error=give_up
            )


def test_a_client_that_is_closed_during_a_call_says_so() -> None:
    with in_thread(FakeUpstream()) as fake:
        client = client_of(fake)
        fake.next(hanging())
        with ThreadPoolExecutor(1) as threads:
            call = threads.submit(client.chat.completions.create, model="toy", messages=QUESTION)
            until(lambda: fake.asked, within_s=10)
            client.close()
            with pytest.raises(RuntimeError, match="closed during the call"):
                call.result()


def press_ctrl_c_once_it_waits() -> None:
    """Interrupt this thread as soon as it waits for a call."""
    waiting = threading.get_ident()

    def press() -> None:
        until(lambda: sys._current_frames()[waiting].f_code.co_name == "_do", within_s=10)
        signal.pthread_kill(waiting, signal.SIGINT)

    threading.Thread(target=press).start()


def test_a_closed_client_says_so(served: Program) -> None:
    client = SyncVeniceClient(api_key=served.api_key, base_url=f"{served.url}/api/v1")
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="The client is closed"):
        client.chat.completions.create(**BRIEF)


@pytest.mark.parametrize(
    ("of", "name"),
    [("SyncVeniceClient", "chta"), ("SyncChatCompletions", "craete"), ("SyncModels", "lsit")],
)
def test_a_name_that_is_not_there_is_told_by_the_class_that_callers_know(
    client: SyncVeniceClient, of: str, name: str
) -> None:
    shown = {
        "SyncVeniceClient": client,
        "SyncChatCompletions": client.chat.completions,
        "SyncModels": client.models,
    }[of]
    with pytest.raises(AttributeError, match=f"'{of}' object has no attribute '{name}'") as told:
        getattr(shown, name)
    assert told.value.obj is shown
    assert of in repr(shown)


def test_what_is_asynchronous_has_its_plain_name(client: SyncVeniceClient) -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'aclose'. Use close\(\)"):
        client.aclose()  # type: ignore[attr-defined]


def test_an_attribute_that_fails_for_its_own_reasons_says_so() -> None:
    class Behind:
        @property
        def meta(self) -> str:
            return self.nothing  # type: ignore[attr-defined,no-any-return]

    portal = Portal()
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = Facade(Behind(), portal).meta
    portal.close()


def test_an_option_that_is_not_there_is_told_by_the_class_that_callers_know() -> None:
    with pytest.raises(TypeError, match=r"SyncVeniceClient got an unexpected .* 'api_kye'"):
        SyncVeniceClient(api_kye="x")  # type: ignore[call-arg]


def test_the_thread_of_a_client_ends_with_it() -> None:
    def serving() -> int:
        return sum(thread.name == "venice_ai" for thread in threading.enumerate())

    before = serving()
    client = SyncVeniceClient(base_url="http://127.0.0.1:9", max_retries=0)
    with pytest.raises(APIConnectionError):
        client.models.list()
    assert serving() == before + 1
    client.close()
    assert serving() == before
