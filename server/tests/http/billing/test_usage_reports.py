"""What calls are charged whatever their engine reports: nothing, nonsense, too little, too early."""

import json

import anyio
import pytest

from fake_upstream import Asked, Script, Wire, saying
from house import House, house

WORDS = 1501


def chunk(text: str = "", finish: str | None = None, **more: object) -> dict[str, object]:
    delta = {"content": text} if text else {}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def whole(text: str, **more: object) -> Script:
    """Answer at once, and not as a stream."""

    async def script(wire: Wire, asked: Asked) -> bool:
        choice = {"index": 0, "message": {"content": text}, "finish_reason": "stop"}
        await wire.whole(200, {"choices": [choice], **more})
        return True

    return script


def units(one: House) -> list[tuple[str, int]]:
    return [(row.sku.removeprefix("toy-llm-"), row.units) for row in one.charges()]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_report_in_the_first_chunk_alone_does_not_hide_what_followed(
    *, stream: bool
) -> None:
    early = chunk("word", usage={"prompt_tokens": 8, "completion_tokens": 1})
    async with house() as one:
        one.fake.next(saying(early, *[chunk(" word")] * (WORDS - 1), chunk(finish="stop")))
        reply = await one.chat(stream=stream, stream_options={"include_usage": True})
        assert units(one) == [("input-mtoken", 8), ("output-mtoken", WORDS)]
        assert f'"completion_tokens":{WORDS}' in reply.text


async def test_a_hang_up_after_an_early_report_is_charged_for_all_that_passed() -> None:
    said = anyio.Event()

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        await wire.event(chunk("word", usage={"prompt_tokens": 8, "completion_tokens": 1}))
        for _ in range(WORDS - 1):
            await wire.event(chunk(" word"))
        said.set()
        await anyio.sleep_forever()
        return False

    async with house() as one:
        one.fake.next(script)
        async with one.streaming() as reply:
            read = 0
            async for line in reply.aiter_lines():
                read += '"content":' in line and json.loads(line[6:])["choices"] != []
                if read == WORDS:
                    break
        with anyio.fail_after(5):
            while not one.charges():  # noqa: ASYNC110 - the condition lies in the server
                await anyio.sleep(0.01)
        assert units(one)[-1] == ("output-mtoken", WORDS)
        assert said.is_set()


REPORTS: list[object] = [
    {"prompt_tokens": 8},
    {"prompt_tokens": 8, "completion_tokens": None},
    {"prompt_tokens": 8, "completion_tokens": 0},
    {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    {"prompt_tokens": None, "completion_tokens": None},
    {"prompt_tokens": -1, "completion_tokens": -1},
    {"total_tokens": 10},
    {},
    [],
    None,
]


@pytest.mark.parametrize("report", REPORTS, ids=json.dumps)
@pytest.mark.parametrize("stream", [True, False])
async def test_what_a_report_lacks_is_counted_here(report: object, *, stream: bool) -> None:
    async with house(dialects=("vllm", "vllm")) as one:
        prompt = (await one.chat(max_tokens=1)).json()["usage"]["prompt_tokens"]
        one.journal.entries.clear()
        last = {"choices": [], "usage": report}
        one.fake.next(saying(*[chunk(" word")] * 5, chunk(finish="stop"), last))
        await one.chat(stream=stream)
        [(_, read), (_, written)] = units(one)
        assert written == 5
        assert read in {prompt, 8}


@pytest.mark.parametrize("report", REPORTS, ids=json.dumps)
async def test_what_the_report_of_a_whole_reply_lacks_is_counted_here(report: object) -> None:
    async with house(whole_as_stream=False, dialects=("vllm", "vllm")) as one:
        one.fake.next(whole("word " * 100, usage=report))
        await one.chat()
        [(_, read), (_, written)] = units(one)
        assert read > 0
        assert written == 125  # four characters a token, as nobody knows its tokens


async def test_an_honest_report_of_a_whole_reply_is_charged_as_it_is() -> None:
    async with house(whole_as_stream=False) as one:
        usage = {"prompt_tokens": 8, "completion_tokens": 100}
        one.fake.next(whole("word " * 100, usage=usage))
        await one.chat()
        assert units(one) == [("input-mtoken", 8), ("output-mtoken", 100)]


@pytest.mark.parametrize(("words", "written"), [(0, 0), (1, 4), (3, 12)])
async def test_of_a_stream_that_broke_off_no_report_counts_more_than_was_delivered(
    words: int, written: int
) -> None:
    early = chunk(usage={"prompt_tokens": 8, "completion_tokens": 2**31 - 1})
    async with house() as one:
        for fake in (one.fake, one.second):
            fake.next(saying(early, *[chunk("word")] * words, {"error": {"message": "no"}}))
        reply = await one.chat(stream=True, max_tokens=100)
        assert reply.status_code == (200 if words else 502)
        assert units(one)[1:] == ([("output-mtoken", written)] if words else [])


async def test_an_honest_report_of_a_stream_that_broke_off_is_charged_as_it_is() -> None:
    piece = "many tokens in one piece"
    async with house() as one:
        told = chunk(piece, usage={"prompt_tokens": 8, "completion_tokens": 5})
        one.fake.next(saying(told, {"error": {"message": "no"}}))
        await one.chat(stream=True)
        assert units(one) == [("input-mtoken", 8), ("output-mtoken", 5)]
