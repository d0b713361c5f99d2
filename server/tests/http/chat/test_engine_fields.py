"""Hints to engines: passed on where they are taken, and else named in the reply's head."""

from dataclasses import replace

import anyio
import pytest

from fake_upstream import Asked, Wire, refusing, speak
from fondaco.domain.models.model import Privacy
from house import TOY, House, house

IGNORED = "x-fondaco-ignored-params"
HINTS = {"prompt_cache_key": "k", "metadata": {"a": "b"}, "text": {"verbosity": "low"}}


async def test_what_an_engine_takes_is_passed_on_and_not_named(shared: House) -> None:
    reply = await shared.chat(**HINTS)
    assert IGNORED not in reply.headers
    body = shared.fake.asked[-1].body
    assert body["metadata"] == {"a": "b"}
    assert body["verbosity"] == "low"


@pytest.mark.parametrize("stream", [False, True])
async def test_what_an_engine_has_no_place_for_is_named(*, stream: bool) -> None:
    async with house(dialects=("vllm", "vllm")) as one:
        reply = await one.chat(**HINTS, nonsense=1, stream=stream)
        assert reply.headers[IGNORED] == "metadata, nonsense, prompt_cache_key, text"
        assert HINTS.keys().isdisjoint(one.fake.asked[-1].body)


async def test_a_stream_that_began_with_a_ping_names_nothing() -> None:
    pinged = anyio.Event()

    async def late(wire: Wire, asked: Asked) -> bool:
        await pinged.wait()
        return await speak(wire, asked)

    async with house(dialects=("vllm", "vllm"), ping_interval_s=0.05) as one:
        one.fake.next(late)
        text = ""
        async with one.streaming(**HINTS) as stream:
            async for piece in stream.aiter_text():
                text += piece
                pinged.set()
        assert text.startswith(": ping")
        assert text.endswith("data: [DONE]\n\n")
        assert IGNORED not in stream.headers


async def test_an_engine_that_took_over_names_its_own() -> None:
    async with house(dialects=("openai", "vllm")) as one:
        one.fake.next(refusing(503))
        reply = await one.chat(store=False)
        assert reply.headers["x-venice-model-router"] == "second"
        assert reply.headers[IGNORED] == "store"


async def test_a_private_models_engine_is_never_asked_to_keep_anything(shared: House) -> None:
    reply = await shared.chat(store=True)
    assert "store" not in shared.fake.asked[-1].body
    assert reply.headers[IGNORED] == "store"


async def test_store_false_is_passed_to_any_engine(shared: House) -> None:
    reply = await shared.chat(store=False)
    assert shared.fake.asked[-1].body["store"] is False
    assert IGNORED not in reply.headers


async def test_a_caller_may_have_a_company_keep_what_it_reads_anyway() -> None:
    open_model = replace(TOY, privacy=Privacy.ANONYMIZED)
    async with house(models=(open_model,)) as one:
        reply = await one.chat(store=True, metadata={"a": "b"})
        assert one.fake.asked[-1].body["store"] is True
        assert IGNORED not in reply.headers
