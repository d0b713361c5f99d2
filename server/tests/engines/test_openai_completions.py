"""Raw prompts at OpenAI-compatible engines: replies as engines word them, and what is asked of whom."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager

import pytest

from fake_upstream import FakeUpstream, Script, replying, saying
from fondaco.clients.connect import connect
from fondaco.domain.chat.events import EventBatch, Finish, PromptEcho, Text, UsageReported
from fondaco.domain.chat.raw_prompts import RawPrompt, RawPrompts
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.errors import EngineError, FieldNotTakenError
from fondaco.engines.openai.engine import OpenAICompatible

_USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def _chunk(text: str, reason: str | None = None, **more: object) -> dict[str, object]:
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": reason, **more}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "choices": [choice]}


STREAMS: Mapping[str, tuple[object, ...]] = {
    "openai": (
        {**_chunk(" Paris"), "usage": None},
        {**_chunk("."), "usage": None},
        {**_chunk("", "length"), "usage": None},
        {"id": "cmpl-1", "object": "text_completion", "choices": [], "usage": _USAGE},
    ),
    "vllm": (
        {**_chunk(" Paris", stop_reason=None), "usage": {**_USAGE, "completion_tokens": 1}},
        {**_chunk(".", "length", stop_reason=None), "usage": _USAGE},
        {"id": "cmpl-1", "object": "text_completion", "choices": [], "usage": _USAGE},
    ),
    "llama-server": (
        _chunk(" Paris"),
        _chunk("."),
        {**_chunk("", "length"), "usage": _USAGE, "timings": {"prompt_n": 5, "predicted_n": 2}},
    ),
    "ollama": (
        {**_chunk(" Paris"), "system_fingerprint": "fp_ollama"},
        {**_chunk("."), "system_fingerprint": "fp_ollama"},
        {**_chunk("", "length"), "system_fingerprint": "fp_ollama"},
        {"id": "cmpl-1", "object": "text_completion", "choices": [], "usage": _USAGE},
    ),
}
OLDER = {
    "tokens": [" Paris", "."],
    "token_logprobs": [-0.25, -0.5],
    "top_logprobs": [{" Paris": -0.25, " the": -2.5}, {".": -0.5, ",": -1.5}],
    "text_offset": [24, 30],
}
NEWER = {
    "content": [
        {
            "token": token,
            "logprob": logprob,
            "bytes": list(token.encode()),
            "top_logprobs": [{"token": token, "logprob": logprob, "bytes": None}, other],
        }
        for token, logprob, other in (
            (" Paris", -0.25, {"token": " the", "logprob": -2.5, "bytes": None}),
            (".", -0.5, {"token": ",", "logprob": -1.5, "bytes": None}),
        )
    ]
}


def raw(
    *prompts: RawPrompt,
    top: int | None = None,
    echo: bool = False,
    suffix: str | None = None,
    each: int = 1,
    stream: bool = False,
) -> ChatRequest:
    return ChatRequest(
        "toy",
        (),
        2,
        choices=len(prompts) * each,
        top_logprobs=top,
        stream=stream,
        options=ChatOptions(raw=RawPrompts(prompts, suffix, echo)),
    )


@asynccontextmanager
async def upstream(
    dialect: str, *scripts: Script, completions: bool = True
) -> AsyncGenerator[tuple[OpenAICompatible, FakeUpstream]]:
    async with FakeUpstream(dialect=dialect) as fake:
        fake.complete_next.extend(scripts)
        client = connect(fake.base_url)
        models = {"toy": "toy"}
        try:
            yield (
                OpenAICompatible("up", client, models, dialect=dialect, completions=completions),
                fake,
            )
        finally:
            await client.aclose()


async def heard(engine: OpenAICompatible, request: ChatRequest) -> list[EventBatch]:
    async with aclosing(engine.chat(request, await engine.measure(request))) as batches:
        return [batch async for batch in batches]


def texts(batches: list[EventBatch]) -> list[Text]:
    return [event for batch in batches for event in batch if isinstance(event, Text)]


@pytest.mark.parametrize("dialect", STREAMS)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_stream_is_read_as_each_engine_words_it(dialect: str, *, stream: bool) -> None:
    async with upstream(dialect, saying(*STREAMS[dialect])) as (engine, _):
        batches = await heard(engine, raw("The capital of France is", stream=stream))
    assert "".join(event.text for event in texts(batches)) == " Paris."
    events = [event for batch in batches for event in batch]
    assert [event for event in events if isinstance(event, Finish)] == [Finish(0, "length")]
    report = [event for event in events if isinstance(event, UsageReported)][-1].report
    assert (report.input_tokens, report.output_tokens) == (5, 2)


@pytest.mark.parametrize("given", [OLDER, NEWER], ids=["lists", "objects"])
async def test_log_probabilities_are_read_in_both_shapes(given: Mapping[str, object]) -> None:
    reply = {
        "choices": [{"text": " Paris.", "index": 0, "logprobs": given, "finish_reason": "stop"}]
    }
    async with upstream("openai", replying(reply)) as (engine, _):
        (said,) = texts(await heard(engine, raw("The capital of France is", top=2)))
    assert said.logprobs is not None
    assert [(one.token, one.logprob) for one in said.logprobs] == [(" Paris", -0.25), (".", -0.5)]
    assert [[likely.token for likely in one.top] for one in said.logprobs] == [
        [" Paris", " the"],
        [".", ","],
    ]


async def test_a_scored_echo_is_split_from_the_output() -> None:
    lists = {
        "tokens": ["<s>", "One", " two", " three"],
        "token_logprobs": [None, -3.0, -1.0, -0.25],
        "top_logprobs": [None, {"A": -2.0, "One": -3.0}, {" two": -1.0}, {" three": -0.25}],
        "text_offset": [0, 3, 6, 10],
    }
    choice = {"text": "One two three", "index": 0, "logprobs": lists, "finish_reason": "length"}
    reply = {"choices": [choice], "usage": {**_USAGE, "prompt_tokens": 3, "completion_tokens": 1}}
    async with upstream("vllm", replying(reply)) as (engine, fake):
        batches = await heard(engine, raw("One two", top=1, echo=True))
        assert fake.completed[0].body["echo"] is True
        assert not fake.completed[0].body.get("stream")
    echo = batches[0][0]
    assert isinstance(echo, PromptEcho)
    assert (echo.text, echo.unscored) == ("One two", ("<s>",))
    assert echo.logprobs is not None
    assert [(one.token, one.logprob) for one in echo.logprobs] == [("One", -3.0), (" two", -1.0)]
    (said,) = texts(batches)
    assert (said.text, said.tokens) == (" three", 1)


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"choices": [], "usage": _USAGE},
        {"choices": [{"text": "a", "logprobs": None}], "usage": _USAGE},
        {"choices": [{"text": "a", "logprobs": {"tokens": ["a"]}}], "usage": _USAGE},
        {"choices": [{"text": "a", "logprobs": {"tokens": ["a"]}}], "usage": {"prompt_tokens": -1}},
        {"choices": [3], "usage": _USAGE},
        [],
    ],
    ids=json.dumps,
)
async def test_an_engine_without_the_echo_that_was_asked_for_has_failed(reply: object) -> None:
    async with upstream("vllm", replying(reply)) as (engine, _):
        with pytest.raises(EngineError):
            await heard(engine, raw("One two", top=1, echo=True))


@pytest.mark.parametrize(
    ("dialect", "request_", "named"),
    [
        ("vllm", raw("a", suffix="b"), "suffix"),
        ("llama-server", raw("a", suffix="b"), "suffix"),
        ("openai", raw("a", echo=True, top=1), "echo"),
        ("llama-server", raw((1, 2), echo=True), "echo"),
        ("ollama", raw((1, 2)), "prompt"),
        ("openrouter", raw((1, 2)), "prompt"),
        ("ollama", raw("a", each=2), "n"),
    ],
)
async def test_what_an_engine_does_not_take_is_refused_before_it_is_asked(
    dialect: str, request_: ChatRequest, named: str
) -> None:
    async with upstream(dialect) as (engine, fake):
        with pytest.raises(FieldNotTakenError) as refused:
            await engine.measure(request_)
        assert list(refused.value.faults) == [named]
        assert not fake.completed


async def test_an_engine_set_to_chat_alone_is_not_asked() -> None:
    async with upstream("vllm", completions=False) as (engine, fake):
        with pytest.raises(FieldNotTakenError, match="only chats"):
            await engine.measure(raw("a"))
        assert not fake.completed


async def test_prompts_are_asked_for_together_where_the_engine_takes_them() -> None:
    prompts = ("One", "One two")
    asked = {}
    for dialect in ("openai", "vllm", "llama-server", "ollama", "openrouter"):
        async with upstream(dialect) as (engine, fake):
            batches = await heard(engine, raw(*prompts))
            ends = {event.choice for b in batches for event in b if isinstance(event, Finish)}
            assert ends == {0, 1}
            asked[dialect] = [one.body["prompt"] for one in fake.completed]
    together, each = [["One", "One two"]], ["One", "One two"]
    assert asked == {
        "openai": together,
        "vllm": together,
        "llama-server": each,
        "ollama": each,
        "openrouter": each,
    }


async def test_caches_of_accounts_are_kept_apart() -> None:
    for dialect, field in (("vllm", "cache_salt"), ("llama-server", "cache_prompt")):
        async with upstream(dialect) as (engine, fake):
            request = raw("One")
            scoped = ChatRequest("toy", (), 2, choices=1, cache_scope="a", options=request.options)
            await heard(engine, scoped)
            assert field in fake.completed[0].body
