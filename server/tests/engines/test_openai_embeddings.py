"""Embedding models of OpenAI-compatible upstreams: the contract, and replies that break it."""

import base64
from collections.abc import AsyncGenerator, Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

import toy_embedder
from contracts.embedding_engine import Bench, EmbeddingEngineContract
from fake_upstream import FakeUpstream, refusing, replying
from fondaco.clients.connect import connect
from fondaco.domain.embedding import EmbeddingRequest, floats
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    InputTooLongError,
    InvalidRequestError,
)
from fondaco.engines.openai.embeddings import OpenAIEmbeddings, UpstreamModel

HELLO = EmbeddingRequest("ours", ("hello", "world"))


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream(key="k") as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeUpstream) -> AsyncGenerator[OpenAIEmbeddings]:
    client = connect(fake.base_url, key="k", first_byte_timeout_s=5, total_timeout_s=20)
    models = {"ours": UpstreamModel("theirs", toy_embedder.DIMENSIONS)}
    yield OpenAIEmbeddings("faker", client, models)
    await client.aclose()


class TestOpenAIEmbeddings(EmbeddingEngineContract):
    @pytest.fixture
    def bench(self, engine: OpenAIEmbeddings) -> Bench:
        async def token_ids(text: str) -> tuple[int, ...]:
            return tuple(map(ord, text))

        return Bench(engine, "ours", toy_embedder.CONTEXT_TOKENS, token_ids, knows_inputs=False)


async def test_the_engine_is_asked_by_its_own_name_for_base64_and_nothing_else(
    engine: OpenAIEmbeddings, fake: FakeUpstream
) -> None:
    request = EmbeddingRequest("ours", ("hello", "world"), 4, "account-7")
    await engine.embed(request, None)
    assert fake.embedded[0].body == {
        "model": "theirs",
        "input": ["hello", "world"],
        "encoding_format": "base64",
    }


async def test_what_the_engine_counted_is_believed_within_the_bound(
    engine: OpenAIEmbeddings, fake: FakeUpstream
) -> None:
    counts = await engine.measure(HELLO)
    assert (await engine.embed(HELLO, counts)).report.input_tokens == 10
    fake.embed_next.append(replying(good(usage={"prompt_tokens": 10_000})))
    told = (await engine.embed(HELLO, counts)).report
    assert (told.input_tokens, told.discarded) == (None, True)
    fake.embed_next.append(replying(good(usage=None)))
    told = (await engine.embed(HELLO, counts)).report
    assert (told.input_tokens, told.discarded) == (None, False)


async def test_an_engine_that_knows_no_base64_sends_numbers(
    engine: OpenAIEmbeddings, fake: FakeUpstream
) -> None:
    fake.embed_next.append(refusing(400, {"message": "Unknown field: encoding_format"}))
    vectors = (await engine.embed(HELLO, None)).vectors
    assert floats(vectors[0]).tolist() == pytest.approx(toy_embedder.vector("hello"))
    await engine.embed(HELLO, None)
    assert ["encoding_format" in asked.body for asked in fake.embedded] == [True, False, False]


async def test_vectors_without_an_index_are_in_the_order_of_the_inputs(
    engine: OpenAIEmbeddings, fake: FakeUpstream
) -> None:
    fake.embed_next.append(replying(good(edit=lambda entry: entry.pop("index"))))
    vectors = (await engine.embed(HELLO, None)).vectors
    assert floats(vectors[1]).tolist() == pytest.approx(toy_embedder.vector("world"))


async def test_vectors_of_any_length_are_scaled_to_length_one(
    engine: OpenAIEmbeddings, fake: FakeUpstream
) -> None:
    def tripled(entry: dict[str, object]) -> None:
        entry["embedding"] = [3 * n for n in toy_embedder.vector("hello")]

    fake.embed_next.append(replying(good(edit=tripled)))
    vectors = (await engine.embed(HELLO, None)).vectors
    assert floats(vectors[0]).tolist() == pytest.approx(toy_embedder.vector("hello"), abs=1e-6)


def good(
    *,
    edit: Callable[[dict[str, object]], object] = lambda entry: None,
    usage: object = None,
) -> dict[str, object]:
    """Return a reply to `HELLO` whose entries were edited."""
    entries: list[dict[str, object]] = [
        {"object": "embedding", "index": index, "embedding": toy_embedder.vector(text)}
        for index, text in enumerate(("hello", "world"))
    ]
    for entry in entries:
        edit(entry)
    return {"object": "list", "data": entries, **({"usage": usage} if usage else {})}


def embedding(value: object) -> dict[str, object]:
    return good(edit=lambda entry: entry.update(embedding=value))


BROKEN: dict[str, object] = {
    "no object": [1],
    "no data": {"object": "list"},
    "data is no list": {"data": {}},
    "too few": {"data": good()["data"][:1]},  # type: ignore[index]
    "too many": {"data": [*good()["data"], *good()["data"]]},  # type: ignore[misc]
    "an index twice": good(edit=lambda entry: entry.update(index=0)),
    "an index beyond": good(edit=lambda entry: entry.update(index=7)),
    "an index below": good(edit=lambda entry: entry.update(index=-1)),
    "an entry that is none": {"data": [1, 2]},
    "null": embedding(None),
    "words": embedding("not base64!"),
    "half a number": embedding(base64.b64encode(b"abc").decode()),
    "texts": embedding(["0.1"] * toy_embedder.DIMENSIONS),
    "truths": embedding([True] * toy_embedder.DIMENSIONS),
    "shorter": embedding([0.5] * 4),
    "longer": embedding([0.5] * 99),
    "zeros": embedding([0.0] * toy_embedder.DIMENSIONS),
    "zeros below zero": embedding([-0.0] * toy_embedder.DIMENSIONS),
    "too large": embedding([1e300] * toy_embedder.DIMENSIONS),
    "nested": embedding([[0.5]] * toy_embedder.DIMENSIONS),
    "a whole number beyond": embedding([10**400] * toy_embedder.DIMENSIONS),
    "not a number": embedding(
        base64.b64encode(toy_embedder.packed([float("nan")] * toy_embedder.DIMENSIONS)).decode()
    ),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_reply_that_breaks_its_word_ends_the_call(
    engine: OpenAIEmbeddings, fake: FakeUpstream, case: str
) -> None:
    fake.embed_next.append(replying(BROKEN[case]))
    with pytest.raises(EngineError):
        await engine.embed(HELLO, None)
    assert len((await engine.embed(HELLO, None)).vectors) == 2


async def test_a_reply_of_more_values_than_its_vectors_have_is_not_even_parsed(
    engine: OpenAIEmbeddings, fake: FakeUpstream
) -> None:
    fake.embed_next.append(replying({**good(), "odd": [[]] * 20_000}))
    with pytest.raises(EngineError, match="more values"):
        await engine.embed(HELLO, None)


async def test_what_only_quotes_the_field_teaches_nothing(
    engine: OpenAIEmbeddings, fake: FakeUpstream
) -> None:
    quoting = refusing(422, {"message": "bad input: 'encoding_format'"})
    fake.embed_next.extend([quoting, quoting])
    with pytest.raises(InvalidRequestError):
        await engine.embed(HELLO, None)
    await engine.embed(HELLO, None)
    assert ["encoding_format" in asked.body for asked in fake.embedded] == [True, False, True]


async def test_what_is_no_json_ends_the_call(engine: OpenAIEmbeddings, fake: FakeUpstream) -> None:
    fake.embed_next.append(replying("a text"))
    with pytest.raises(EngineError):
        await engine.embed(HELLO, None)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, {"message": "no"}, EngineRefusedError),
        (429, {"message": "slow down"}, EngineBusyError),
        (500, {"message": "broken"}, EngineError),
        (404, {"message": "no such model"}, EngineError),
        (400, {"message": "input must not be empty"}, InvalidRequestError),
        (
            413,
            {"message": "`inputs` must have less than 512 tokens. Given: 600"},
            InputTooLongError,
        ),
    ],
)
async def test_refusals_are_mapped_like_those_of_chat(
    engine: OpenAIEmbeddings,
    fake: FakeUpstream,
    status: int,
    error: object,
    kind: type[Exception],
) -> None:
    fake.embed_next.append(refusing(status, error))
    with pytest.raises(kind):
        await engine.embed(HELLO, None)


async def test_an_error_with_status_200_is_one(
    engine: OpenAIEmbeddings, fake: FakeUpstream
) -> None:
    fake.embed_next.append(replying({"error": {"message": "slow down", "code": 429}}))
    with pytest.raises(EngineBusyError):
        await engine.embed(HELLO, None)


async def test_an_input_that_is_too_long_is_refused_with_the_engines_numbers(
    engine: OpenAIEmbeddings, fake: FakeUpstream
) -> None:
    long = "x" * (toy_embedder.CONTEXT_TOKENS + 1)
    with pytest.raises(
        InputTooLongError, match=r"4096 tokens\. However, one of the inputs has 4097"
    ):
        await engine.embed(EmbeddingRequest("ours", ("hi", long)), None)
    with pytest.raises(InputTooLongError, match="However, the input has 4097"):
        await engine.embed(EmbeddingRequest("ours", (long,)), None)


async def test_a_model_that_the_engine_lacks_is_not_asked_for(engine: OpenAIEmbeddings) -> None:
    with pytest.raises(EngineError, match="has no model 'other'"):
        await engine.measure(EmbeddingRequest("other", ("hi",)))
    with pytest.raises(EngineError, match="no embedding models"):
        await OpenAIEmbeddings("empty", engine._client, {}).probe()


async def test_other_calls_go_on_while_a_long_text_is_bounded(engine: OpenAIEmbeddings) -> None:
    turns = 0

    async def call() -> None:
        nonlocal turns
        while True:
            await checkpoint()
            turns += 1

    text = "é" * 2**20
    async with anyio.create_task_group() as others:
        others.start_soon(call)
        counts = await engine.measure(EmbeddingRequest("ours", (text,)))
        others.cancel_scope.cancel()
    assert turns >= 15, "it yields every 65,536 characters"
    assert counts.input_tokens >= 3 * len(text), "however it is cut, no byte is missed"
