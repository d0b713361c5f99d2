"""POST /api/v1/embeddings at the edge: inputs, formats, headers, money and limits, over a toy engine."""

from base64 import b64decode
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date
from math import hypot
from typing import Any

import httpx2
import pytest

from contracts.embedding_engine import Bench, EmbeddingEngineContract
from fondaco.domain.embedding import floats
from fondaco.domain.errors import EngineUnavailableError
from fondaco.domain.models.model import Deprecation
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO
from fondaco.http.apis.openai.embedding_schemas import EmbeddingList
from house import MANY, TOY, House, house
from word_embedder import CONTEXT_TOKENS, DIMENSIONS, TOY_VECTORS, WordEmbedder, toy_tokens

PATH = "/api/v1/embeddings"
A_TOKEN = 1_000
"""Nano-dollars."""


def tiers(requests: int = MANY, tokens: int | None = MANY) -> dict[str, Tier]:
    embedding = RateLimits(requests, MANY, tokens)
    return {"paid": Tier("paid", {"small": RateLimits(MANY, MANY, MANY), "embedding": embedding})}


def world(**fields: Any):  # type: ignore[no-untyped-def]  # house's own context
    options: dict[str, Any] = {
        "models": (TOY, TOY_VECTORS),
        "embedding_engines": {"toy-embedder": WordEmbedder()},
        "aliases": {"text-embedding-3-small": "toy-vectors"},
        "tiers": tiers(),
    }
    return house(**{**options, **fields})


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with world() as found:
        yield found


async def embed(one: House, value: object = "the sea is cold", **fields: object) -> httpx2.Response:
    body = {"model": "toy-vectors", "input": value, **fields}
    return await one.client.post(PATH, json=body)


class TestWordEmbedder(EmbeddingEngineContract):
    @pytest.fixture
    def bench(self) -> Bench:
        async def tokens(text: str) -> tuple[int, ...]:
            return toy_tokens(text)

        return Bench(WordEmbedder(), "toy-vectors", CONTEXT_TOKENS, tokens)


async def test_a_text_has_one_vector_of_unit_length(one: House) -> None:
    reply = await embed(one)
    assert reply.status_code == 200
    body = reply.json()
    EmbeddingList.model_validate(body, strict=True)
    assert list(body) == ["object", "data", "model", "usage"]
    assert body["model"] == "toy-vectors"
    assert body["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    (entry,) = body["data"]
    assert (entry["object"], entry["index"]) == ("embedding", 0)
    assert len(entry["embedding"]) == DIMENSIONS
    assert hypot(*entry["embedding"]) == pytest.approx(1.0, abs=1e-4)


async def test_vectors_come_in_the_order_of_their_texts(one: House) -> None:
    texts = [f"text number {n}" for n in range(20)]
    data = (await embed(one, texts)).json()["data"]
    assert [entry["index"] for entry in data] == list(range(20))
    alone = [(await embed(one, text)).json()["data"][0]["embedding"] for text in texts[:3]]
    assert [entry["embedding"] for entry in data[:3]] == alone


async def test_tokens_have_the_vector_of_their_text(one: House) -> None:
    tokens = toy_tokens("the sea is cold")
    of_text = (await embed(one)).json()
    of_tokens = (await embed(one, list(tokens))).json()
    of_lists = (await embed(one, [list(tokens), list(tokens[:2])])).json()
    assert of_tokens["data"] == of_text["data"] == of_lists["data"][:1]
    assert of_lists["usage"] == {"prompt_tokens": 6, "total_tokens": 6}


@pytest.mark.parametrize("dimensions", [None, 2, 5])
async def test_base64_holds_the_same_numbers_as_float32(one: House, dimensions: int | None) -> None:
    texts, wanted = ["one", "and another"], {} if dimensions is None else {"dimensions": dimensions}
    numbers = (await embed(one, texts, encoding_format="float", **wanted)).json()
    packed = (await embed(one, texts, encoding_format="base64", **wanted)).json()
    for plain, entry in zip(numbers["data"], packed["data"], strict=True):
        octets = b64decode(entry["embedding"], validate=True)
        assert floats(octets).tolist() == plain["embedding"]
        assert len(plain["embedding"]) == dimensions or DIMENSIONS
        assert hypot(*plain["embedding"]) == pytest.approx(1.0, abs=1e-4)
    assert packed["usage"] == numbers["usage"]


async def test_so_many_inputs_are_taken_and_not_one_more(one: House) -> None:
    texts = [f"text {n}" for n in range(2_048)]
    reply = await embed(one, texts)
    assert [entry["index"] for entry in reply.json()["data"]] == list(range(2_048))
    for most in (["a"] * 2_049, [1] * 2_049, [[1]] * 2_049):
        reply = await embed(one, most)
        assert reply.status_code == 400
        assert "2048" in reply.json()["details"]["input"]["_errors"][0]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("", ()),
        ([], ()),
        ({}, ()),
        (7, ()),
        (None, ()),
        ([True], ()),
        ([1.5], ()),
        ([None], ()),
        (["fine", ""], ("1",)),
        (["fine", 1], ("1",)),
        ([5, 0], ("1",)),
        ([5, -1], ("1",)),
        ([5, 2**31], ("1",)),
        ([[5], []], ("1",)),
        ([[5], ["fine"]], ("1", "0")),
        ([[5], [True]], ("1", "0")),
    ],
)
async def test_what_is_no_input_is_refused_at_its_place(
    one: House, value: object, path: tuple[str, ...]
) -> None:
    reply = await embed(one, value)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
    node = reply.json()["details"]["input"]
    for step in path:
        node = node[step]
    assert len(node["_errors"]) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"encoding_format": "hex"},
        {"dimensions": 0},
        {"dimensions": 1.5},
        {"dimensions": "4"},
        {"user": 5},
        {"model": ""},
        {"model": None},
    ],
)
async def test_other_fields_are_held_to_the_contract(one: House, fields: dict[str, object]) -> None:
    reply = await embed(one, **fields)
    assert reply.status_code == 400
    assert list(reply.json()["details"])[1:] == list(fields)


@pytest.mark.parametrize("dimensions", [1, 9, 384])
async def test_dimensions_that_the_model_does_not_allow_are_refused(
    one: House, dimensions: int
) -> None:
    reply = await embed(one, dimensions=dimensions)
    assert reply.status_code == 400
    assert f"{dimensions} were requested" in reply.json()["error"]


async def test_null_is_the_default_and_a_user_is_kept_nowhere(one: House) -> None:
    plain = await embed(one)
    reply = await embed(one, encoding_format=None, dimensions=None, user="somebody")
    assert reply.json() == plain.json()
    assert "x-fondaco-ignored-params" not in reply.headers
    assert all("somebody" not in repr(entry) for entry in one.journal.entries)


async def test_unknown_fields_are_ignored_and_named(one: House) -> None:
    reply = await embed(one, truncate="END", input_type="query")
    assert reply.status_code == 200
    assert reply.headers["x-fondaco-ignored-params"] == "input_type, truncate"


@pytest.mark.parametrize(
    ("value", "which", "field"),
    [("w " * 101, "the input", ()), (["fine", "w " * 101], "input 1", ("1",))],
)
async def test_an_input_that_is_too_long_is_refused_with_both_numbers(
    one: House, value: object, which: str, field: tuple[str, ...]
) -> None:
    reply = await embed(one, value)
    body = reply.json()
    assert (reply.status_code, body["code"]) == (400, "context_length_exceeded")
    assert f"{which} has 101 tokens" in body["error"]["message"]
    assert "100 tokens" in body["error"]["message"]
    assert body["error"]["param"] == "input"
    node = body["details"]["input"]
    for step in field:
        node = node[step]
    assert node["_errors"]
    assert not one.charges()


async def test_an_unknown_token_is_refused(one: House) -> None:
    reply = await embed(one, [[5], [2**20]])
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
    assert reply.json()["details"]["input"]["1"]["_errors"]


@pytest.mark.parametrize("name", ["toy-vectors", "text-embedding-3-small"])
async def test_any_name_of_the_model_serves(one: House, name: str) -> None:
    assert (await embed(one, model=name)).json()["model"] == "toy-vectors"


@pytest.mark.parametrize("name", ["toy", "gpt-4o", "nothing"])
async def test_names_of_other_kinds_of_model_do_not(one: House, name: str) -> None:
    reply = await embed(one, model=name)
    assert (reply.status_code, reply.json()["code"]) == (404, "MODEL_NOT_FOUND")


async def test_an_embedding_model_does_not_chat(one: House) -> None:
    reply = await one.chat(model="toy-vectors")
    assert (reply.status_code, reply.json()["code"]) == (404, "MODEL_NOT_FOUND")


async def test_headers_name_model_engine_balance_and_limits(one: House) -> None:
    headers = (await embed(one)).headers
    assert headers["x-venice-model-id"] == "toy-vectors"
    assert headers["x-venice-model-name"] == "Toy vectors"
    assert headers["x-venice-model-router"] == "toy-embedder"
    assert headers["x-venice-balance-usd"] == "10"
    assert headers["x-ratelimit-limit-requests"] == str(MANY)
    assert int(headers["x-ratelimit-remaining-tokens"]) == MANY - 4
    assert "x-venice-model-deprecation-warning" not in headers
    assert headers["cf-ray"]


async def test_a_model_that_will_be_retired_is_announced() -> None:
    ending = Deprecation(announced=date(2020, 1, 1), sunset=date(2999, 1, 1))
    async with world(models=(TOY, replace(TOY_VECTORS, deprecation=ending))) as one:
        headers = (await embed(one)).headers
        assert "2999" in headers["x-venice-model-deprecation-date"]
        assert headers["x-venice-model-deprecation-warning"]


async def test_tokens_are_charged_and_shown_in_the_usage(one: House) -> None:
    assert (await embed(one, ["one two", "three"])).status_code == 200
    (charge,) = one.charges()
    assert charge.amount == -3 * A_TOKEN
    assert (await one.balance()).usd == 10 * NANO - 3 * A_TOKEN
    rows = (await one.client.get("/api/v1/billing/usage")).json()["data"]
    (row,) = rows
    assert row["sku"] == "toy-vectors-embedding-mtoken"
    assert row["units"] == 0.000003
    assert row["amount"] == -0.000003
    assert row["pricePerUnitUsd"] == 1
    assert row["inferenceDetails"]["promptTokens"] == 3
    assert row["inferenceDetails"]["completionTokens"] == 0
    assert row["inferenceDetails"]["requestId"].startswith("embd-")


async def test_who_cannot_pay_the_whole_batch_gets_402_before_any_work() -> None:
    engine = WordEmbedder()
    async with world(usd=5 * A_TOKEN, embedding_engines={"toy-embedder": engine}) as one:
        reply = await embed(one, "six words are more than five")
        assert (reply.status_code, reply.json()["code"]) == (402, "INSUFFICIENT_BALANCE")
        assert not engine.asked
        assert (await embed(one, "these five words are paid")).status_code == 200
        assert (await one.balance()).usd == 0


async def test_a_failed_batch_costs_nothing() -> None:
    engine = WordEmbedder()
    engine.fails.append(EngineUnavailableError())
    async with world(embedding_engines={"toy-embedder": engine}) as one:
        assert (await embed(one)).status_code == 503
        assert not one.charges()
        assert (await embed(one)).status_code == 200


async def test_another_engine_of_the_model_takes_over() -> None:
    first, spare = WordEmbedder("toy-embedder"), WordEmbedder("spare")
    first.fails.append(EngineUnavailableError())
    models = (TOY, replace(TOY_VECTORS, engines=("toy-embedder", "spare")))
    async with world(models=models, embedding_engines={e.name: e for e in (first, spare)}) as one:
        reply = await embed(one)
        assert (reply.status_code, reply.headers["x-venice-model-router"]) == (200, "spare")


async def test_an_idempotency_key_runs_once(one: House) -> None:
    body = {"model": "toy-vectors", "input": "once"}
    headers = {"Idempotency-Key": "mine"}
    assert (await one.client.post(PATH, json=body, headers=headers)).status_code == 200
    again = await one.client.post(PATH, json=body, headers=headers)
    assert again.status_code == 409
    assert again.headers["idempotent-replayed"] == "true"
    (charge,) = one.charges()
    rows = (await one.client.get("/api/v1/billing/usage")).json()["data"]
    assert again.json()["chargeId"] == rows[0]["inferenceDetails"]["requestId"]
    other = await one.client.post(PATH, json={**body, "input": "twice"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert one.charges() == [charge]


async def test_limits_are_those_of_embeddings() -> None:
    async with world(tiers=tiers(requests=2)) as one:
        assert [(await embed(one)).status_code for _ in range(3)] == [200, 200, 429]
        assert (await one.chat()).status_code == 200


async def test_tokens_of_a_batch_count_against_the_limit() -> None:
    async with world(tiers=tiers(tokens=10)) as one:
        assert (await embed(one, "one two three")).status_code == 200
        reply = await embed(one, "one two three four five six seven eight nine ten eleven")
        assert (reply.status_code, reply.headers["x-ratelimit-type"]) == (429, "user")


async def test_without_a_key_there_is_nothing(one: House) -> None:
    reply = await one.client.post(PATH, json={}, headers={"Authorization": ""})
    assert reply.status_code == 401


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_large_responses_arrive_compressed(one: House, encoding: str) -> None:
    texts = [f"text {n}" for n in range(1_000)]
    body = {"model": "toy-vectors", "input": texts}
    reply = await one.client.post(PATH, json=body, headers={"Accept-Encoding": encoding})
    assert reply.headers["content-encoding"] == encoding
    assert len(reply.json()["data"]) == 1_000
