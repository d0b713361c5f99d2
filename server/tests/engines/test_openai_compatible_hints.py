"""What an upstream engine is told of that its dialect may not know: temperatures that move, hints."""

from collections.abc import AsyncGenerator

import pytest

from contracts.chat_engine import accumulator, counting
from fake_upstream import FakeUpstream
from fondaco.clients.connect import connect
from fondaco.domain.chat.request import ChatOptions, ChatRequest, Sampling
from fondaco.domain.errors import FieldNotTakenError
from fondaco.engines.common.dialects import DIALECTS
from fondaco.engines.openai.engine import OpenAICompatible

ALL = {
    "prompt_cache_key": "books",
    "prompt_cache_retention": "24h",
    "store": False,
    "include": ["x"],
    "metadata": {"a": "b"},
    "text": {"verbosity": "low"},
}


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as fake:
        yield fake


async def told(fake: FakeUpstream, request: ChatRequest, dialect: str) -> dict[str, object]:
    """Return the body that an engine of a dialect gets."""
    upstream = connect(fake.base_url)
    engine = OpenAICompatible("faker", upstream, {"counter": "toy"}, dialect=dialect)
    try:
        await accumulator(engine, request, None)
    finally:
        await upstream.aclose()
    return fake.asked[-1].body


def ignored(dialect: str, **hints: object) -> tuple[str, ...]:
    engine = OpenAICompatible("faker", connect("http://localhost/v1"), {}, dialect=dialect)
    return engine.ignores(counting("counter", options=ChatOptions(hints=hints)))


async def with_hints(fake: FakeUpstream, scope: str = "", **hints: object) -> dict[str, object]:
    request = counting("counter", options=ChatOptions(hints=hints), cache_scope=scope)
    return await told(fake, request, "openai")


MOVING = counting("counter", sampling=Sampling(min_temperature=0.2, max_temperature=1.2))


async def test_llama_server_moves_the_temperature(fake: FakeUpstream) -> None:
    body = await told(fake, MOVING, "llama-server")
    assert body["temperature"] == pytest.approx(0.7)
    assert body["dynatemp_range"] == pytest.approx(0.5)
    assert body["dynatemp_exponent"] == 1
    assert "min_temperature" not in body


@pytest.mark.parametrize("dialect", sorted(DIALECTS.keys() - {"llama-server"}))
@pytest.mark.parametrize(
    ("sampling", "name"),
    [
        (Sampling(min_temperature=0.2), "min_temp"),
        (Sampling(max_temperature=0.2), "max_temp"),
        (Sampling(min_temperature=0.2, max_temperature=0.2), "min_temp"),
    ],
)
async def test_other_dialects_refuse_a_temperature_that_moves(
    fake: FakeUpstream, dialect: str, sampling: Sampling, name: str
) -> None:
    with pytest.raises(FieldNotTakenError, match=f"`{name}`"):
        await told(fake, counting("counter", sampling=sampling), dialect)
    assert fake.asked == []


async def test_openai_gets_the_hints_that_its_api_has(fake: FakeUpstream) -> None:
    body = await with_hints(fake, "7", **ALL)
    assert body["prompt_cache_retention"] == "24h"
    assert body["store"] is False
    assert body["metadata"] == {"a": "b"}
    assert body["verbosity"] == "low"
    assert body.keys().isdisjoint({"include", "text"})
    assert ignored("openai", **ALL) == ("include",)


@pytest.mark.parametrize("dialect", sorted(DIALECTS.keys() - {"openai"}))
async def test_other_dialects_get_no_hints_and_name_them(fake: FakeUpstream, dialect: str) -> None:
    bare = await told(fake, counting("counter"), dialect)
    request = counting("counter", options=ChatOptions(hints=ALL))
    assert await told(fake, request, dialect) == bare
    assert ignored(dialect, **ALL) == tuple(ALL)


async def test_a_cache_key_is_another_one_for_each_account_and_names_neither(
    fake: FakeUpstream,
) -> None:
    key, again, other = [
        (await with_hints(fake, scope, prompt_cache_key="books"))["prompt_cache_key"]
        for scope in ("account-1", "account-1", "account-2")
    ]
    assert key == again != other
    assert isinstance(key, str)
    assert "books" not in key
    assert "account" not in key


@pytest.mark.parametrize(("tier", "told_as"), [("extended", "24h"), ("in_memory", "in_memory")])
async def test_tiers_of_retention_have_openais_names(
    fake: FakeUpstream, tier: str, told_as: str
) -> None:
    assert (await with_hints(fake, prompt_cache_retention=tier))[
        "prompt_cache_retention"
    ] == told_as


async def test_the_usual_retention_is_not_asked_for(fake: FakeUpstream) -> None:
    assert "prompt_cache_retention" not in await with_hints(fake, prompt_cache_retention="default")
    assert ignored("openai", prompt_cache_retention="default") == ()


@pytest.mark.parametrize("text", [{}, {"format": {"type": "text"}}])
async def test_a_text_without_verbosity_is_named(fake: FakeUpstream, text: object) -> None:
    assert "verbosity" not in await with_hints(fake, text=text)
    assert ignored("openai", text=text) == ("text",)


async def test_fields_of_text_completions_are_passed_or_named_as_ignored(
    fake: FakeUpstream,
) -> None:
    text = {"verbosity": "high", "format": {"type": "text"}}
    assert (await with_hints(fake, text=text))["verbosity"] == "high"
    assert ignored("openai", text=text) == ("text",)
