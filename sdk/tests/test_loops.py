"""Clients across event loops and forked processes, and what becomes of what nobody closes.

Programs run on their own, so that everything they print is seen, their exits included.
"""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator

import httpx2
import pytest

from fake_upstream import FakeUpstream, hanging, in_thread
from program import until
from venice_ai import UserMessage, VeniceClient
from venice_ai.resources._ttl_cache import Recent

QUESTION = [UserMessage(content="Count!")]
LONGEST_S = 120
"""A program that takes longer hangs."""
CASE = """
import asyncio, gc, multiprocessing, os, sys, threading, traceback
from concurrent.futures import ProcessPoolExecutor
from venice_ai import SyncVeniceClient, VeniceClient

ASKED = {"model": "toy", "messages": [{"role": "user", "content": "Count!"}]}
FORK = multiprocessing.get_context("fork")
client = SyncVeniceClient(base_url=sys.argv[1])
other = VeniceClient(base_url=sys.argv[1])

def ask(*_):
    return client.chat.completions.create(**ASKED).choices[0].message.content

async def ask_other():
    return (await other.chat.completions.create(**ASKED)).choices[0].message.content

def in_child(act):
    child = os.fork()
    if not child:
        end(act)
    assert os.waitpid(child, 0)[1] == 0

def end(act):
    try:
        act()
    except BaseException:
        traceback.print_exc()
    os._exit(0)

def refused(act, why):
    try:
        act()
    except RuntimeError as error:
        assert why in str(error), error
    else:
        raise AssertionError("not refused")
"""
PROGRAM = """
import gc, json, sys, types
for case in json.loads(sys.argv[2]):
    print(case, flush=True)
    sys.modules["case"] = types.ModuleType("case")
    exec(compile(case, "case", "exec"), vars(sys.modules["case"]))
    gc.collect()
"""


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with in_thread(FakeUpstream()) as one:
        yield one


def run(fake: FakeUpstream, *cases: str, watch: str = "always") -> None:
    """Run cases, one after another in one process; they have to succeed, and to print nothing."""
    ended = subprocess.run(
        [
            *(sys.executable, "-W", watch),
            *(
                "-W",
                "ignore:This process:DeprecationWarning",
            ),  # and its threads: forks are warned of, from Python 3.12 on
            *("-c", PROGRAM, fake.base_url, json.dumps([CASE + case for case in cases])),
        ],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert ended.stderr == "", ended.stdout.rpartition(CASE)[2]
    assert ended.returncode == 0


def test_a_client_can_be_used_after_a_fork_on_either_side(fake: FakeUpstream) -> None:
    run(
        fake,
        "in_child(ask); ask()",
        "ask(); in_child(ask); ask()",
        "ask(); in_child(lambda: in_child(ask)); ask()",
        "ask(); in_child(client.close); ask(); client.close()",
        "ask(); in_child(lambda: (ask(), client.close())); ask()",
        "client.close(); in_child(lambda: refused(ask, 'The client is closed'))",
        "ask(); more = client.with_options(max_retries=0)\n"
        "in_child(lambda: more.chat.completions.create(**ASKED)); ask()",
        "asyncio.run(ask_other()); in_child(lambda: asyncio.run(ask_other()))",
        "async def both(): await ask_other(); in_child(ask); await ask_other()\n"
        "asyncio.run(both())",
    )


def test_a_client_can_be_used_by_worker_processes(fake: FakeUpstream) -> None:
    run(
        fake,
        "ask()\nwith FORK.Pool(2) as pool: assert len({*pool.map(ask, range(4))}) == 1\nask()",
        "ask()\nworker = FORK.Process(target=ask); worker.start(); worker.join()\n"
        "assert worker.exitcode == 0",
        # Other threads are in the middle of calls when it forks.
        "ask(); busy = [threading.Thread(target=ask) for _ in range(8)]\n"
        "for one in busy: one.start()\n"
        "for _ in range(4): in_child(ask)\n"
        "for one in busy: one.join()\nask()",
    )


def test_a_child_may_end_as_any_process_does(fake: FakeUpstream) -> None:
    run(
        fake,
        """
ask(); asyncio.run(ask_other()); stream = client.chat.completions.stream(**ASKED); next(stream)
end = lambda act: (act(), sys.exit(0))
in_child(ask)
assert stream.collect().choices[0].message.content == ask()
""",
        watch="ignore::ResourceWarning",  # what a child inherited is not its own to close
    )


@pytest.mark.parametrize(
    "act",
    [
        "pass",
        "stream.close()",
        "global stream; del stream; gc.collect()",
        "client.close()",
        "assert ask()",
        "refused(lambda: next(stream), 'before the process forked')",
    ],
)
def test_a_stream_of_the_parent_goes_on_whatever_its_child_does(
    fake: FakeUpstream, act: str
) -> None:
    run(
        fake,
        f"""
stream = client.chat.completions.stream(**ASKED)
next(stream)
def act():
    {act}
in_child(act)
assert stream.collect().choices[0].message.content == ask()
""",
    )


def test_connections_of_the_callers_own_are_not_shared_with_a_child(fake: FakeUpstream) -> None:
    run(
        fake,
        """
import httpx2
http = httpx2.AsyncClient()
other = VeniceClient(base_url=sys.argv[1], http_client=http)
def ask_in_vain():
    refused(lambda: asyncio.run(ask_other()), "Make one in each process")
async def main():
    await ask_other()
    in_child(ask_in_vain)
    await ask_other()
    await http.aclose()
asyncio.run(main())
""",
    )


def test_a_client_that_nobody_closes_prints_nothing(fake: FakeUpstream) -> None:
    run(
        fake,
        "asyncio.run(ask_other()); asyncio.run(ask_other())",
        "loop = asyncio.new_event_loop(); loop.run_until_complete(ask_other())\n"
        "loop.run_until_complete(loop.shutdown_asyncgens()); loop.close()\n"
        "asyncio.run(ask_other())",
        "ask(); del client",
        "client.close(); del client",
        """
async def main():
    one = VeniceClient(base_url=sys.argv[1])
    await one.chat.completions.create(**ASKED)
    del one
    gc.collect()
    for _ in range(100):
        await asyncio.sleep(0)
asyncio.run(main())
""",
        "ask()",  # to the very end
    )


LEAVING = [
    "pass",
    "await anext(stream)",
    "await anext(stream.text_deltas())",
    "await anext(stream); stream.itself = stream",
    "async for chunk in stream: break",
    "late = asyncio.ensure_future(stream.collect()); await asyncio.sleep(0); late.cancel()",
]


@pytest.mark.parametrize("then", ["pass", "del stream; gc.collect(); await asyncio.sleep(0.01)"])
def test_a_stream_that_nobody_closes_hangs_up_and_prints_nothing(
    fake: FakeUpstream, then: str
) -> None:
    fake.next(*[hanging(after=2)] * len(LEAVING))
    run(
        fake,
        *(
            f"""
async def main():
    stream = await other.chat.completions.stream(**ASKED)
    {how}
    {then}
asyncio.run(main())
"""
            for how in LEAVING
        ),
    )
    until(lambda: all(asked.hung_up for asked in fake.asked), within_s=10)


@pytest.mark.parametrize("end", ["", "client.close()"])
def test_a_stream_that_nobody_closes_prints_nothing_without_a_loop(
    fake: FakeUpstream, end: str
) -> None:
    fake.next(*[hanging(after=2)] * 4)
    run(
        fake,
        "stream = client.chat.completions.stream(**ASKED); next(stream); del stream; gc.collect()",
        "stream = client.chat.completions.stream(**ASKED); next(stream); del client",
        "client.chat.completions.stream(**ASKED)",
        f"stream = client.chat.completions.stream(**ASKED); next(stream)\n{end}",
    )
    until(lambda: all(asked.hung_up for asked in fake.asked), within_s=10)


def test_answers_that_are_kept_are_for_every_loop() -> None:
    asked: list[str] = []

    async def ask(key: str) -> str:
        asked.append(key)
        await asyncio.sleep(0)
        return key

    recent = Recent(ask, 0, lambda: 0)

    async def main() -> None:
        assert await asyncio.gather(*[recent.get("x") for _ in range(3)]) == ["x"] * 3

    asyncio.run(main())
    asyncio.run(main())
    assert asked == ["x"] * 6


def test_a_client_works_in_one_loop_after_another(fake: FakeUpstream) -> None:
    client = VeniceClient(base_url=fake.base_url)

    async def ask() -> object:
        reply = await client.chat.completions.create(model="toy", messages=QUESTION)
        async with await client.chat.completions.stream(model="toy", messages=QUESTION) as stream:
            assert [text async for text in stream.text_deltas()]
        return reply.choices[0].message.content

    assert asyncio.run(ask()) == asyncio.run(ask())


def test_a_client_works_in_several_loops_at_a_time(fake: FakeUpstream) -> None:
    client = VeniceClient(base_url=fake.base_url)
    together = threading.Barrier(3)
    said: list[object] = []

    async def ask() -> None:
        for _ in range(5):
            together.wait()
            reply = await client.chat.completions.create(model="toy", messages=QUESTION)
            said.append(reply.choices[0].message.content)

    threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 15
    assert len({*map(str, said)}) == 1


def test_a_closed_client_is_closed_in_every_loop(fake: FakeUpstream) -> None:
    client = VeniceClient(base_url=fake.base_url)

    async def close() -> None:
        async with client:
            await client.chat.completions.create(model="toy", messages=QUESTION)

    asyncio.run(close())
    with pytest.raises(RuntimeError, match="The client is closed"):
        asyncio.run(close())


def test_connections_of_the_callers_own_belong_to_one_loop(fake: FakeUpstream) -> None:
    http = httpx2.AsyncClient()
    client = VeniceClient(base_url=fake.base_url, http_client=http)

    async def ask() -> None:
        await client.chat.completions.create(model="toy", messages=QUESTION)

    with asyncio.Runner() as first:
        first.run(ask())
        with (
            pytest.raises(RuntimeError, match=r"another event loop.*Make one in each loop"),
            asyncio.Runner() as second,
        ):
            second.run(ask())
        first.run(http.aclose())


def test_a_callers_own_client_without_connections_works_in_any_loop() -> None:
    body = {"choices": [{"index": 0, "message": {"content": "Hi"}}]}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=body))
    client = VeniceClient(http_client=httpx2.AsyncClient(transport=transport))

    async def ask() -> object:
        reply = await client.chat.completions.create(model="toy", messages=QUESTION)
        return reply.choices[0].message.content

    assert asyncio.run(ask()) == asyncio.run(ask()) == "Hi"
