"""What engines say of their models, in the shapes of real ones, and in none at all."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from fake_engines import (
    LLAMA_PATH,
    FakeEngine,
    listing,
    llama_server,
    mistral,
    ollama,
    openrouter,
    serving_engine,
    vllm,
)
from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineError, EngineRefusedError, EngineUnavailableError
from fondaco.engines.common.dialects import DialectName
from fondaco.engines.common.found import MOST_MODELS, FoundEngine, FoundModel
from fondaco.engines.openai.discovery.discover import discover
from fondaco.engines.openai.discovery.listed import dialect_of, is_served, model_of
from fondaco.engines.openai.discovery.ollama import loaded_contexts, model_of as ollama_model


async def found(
    engine: FakeEngine,
    *,
    base: str = "/v1",
    key: str = "",
    dialect: DialectName | None = None,
    dimensions: Mapping[str, int] | None = None,
) -> FoundEngine:
    with serving_engine(engine) as one:
        upstream = connect(one.url + base, key=key)
        try:
            return await discover(upstream, dialect, dimensions)
        finally:
            await upstream.aclose()


def by_name(engine: FoundEngine) -> Mapping[str, FoundModel]:
    return {model.name: model for model in engine.models}


async def test_vllm_says_how_long_its_contexts_are() -> None:
    engine = await found(vllm(Qwen__Qwen3_32B=32768))
    assert engine.dialect == "vllm"
    [model] = engine.models
    assert (model.name, model.context_tokens) == ("Qwen/Qwen3_32B", 32768)
    assert model.log_probs
    assert model.response_schema


async def test_llama_server_says_what_a_slot_has_and_what_its_model_can_do() -> None:
    engine = await found(llama_server())
    assert engine.dialect == "llama-server"
    [model] = engine.models
    assert (model.name, model.context_tokens) == (LLAMA_PATH, 8192)
    assert (model.vision, model.audio, model.function_calling) == (True, False, True)
    assert model.template == "{{ messages }}"


async def test_ollama_says_what_it_shows_of_each_model() -> None:
    engine = await found(ollama())
    assert engine.dialect == "ollama"
    models = by_name(engine)
    chat = models["llama3.2:3b"]
    assert (chat.context_tokens, chat.function_calling) == (8192, True), "its num_ctx"
    seeing = models["gemma3:4b"]
    assert (seeing.context_tokens, seeing.vision, seeing.thinks) == (32768, True, True), "loaded"
    embedding = models["nomic-embed-text:latest"]
    assert (embedding.embeds, embedding.dimensions, embedding.context_tokens) == (True, 768, 2048)


async def test_an_ollama_without_models_is_known_for_one() -> None:
    bare = FakeEngine(
        {
            "/v1/models": {"object": "list", "data": []},
            "/api/version": {"version": "0.12.6"},
            "/api/tags": {"models": None},
        }
    )
    engine = await found(bare)
    assert (engine.dialect, engine.models) == ("ollama", ())


async def test_a_model_of_ollama_that_is_not_loaded_has_ollamas_own_context() -> None:
    engine = ollama()
    engine.answers["/api/ps"] = {"models": []}
    assert by_name(await found(engine))["gemma3:4b"].context_tokens == 4096


async def test_openrouter_and_mistral_say_what_models_can_do() -> None:
    routed = await found(openrouter(), base="/api/v1")
    assert routed.dialect == "openrouter"
    [model] = routed.models
    assert (model.context_tokens, model.max_output_tokens) == (128000, 16384)
    assert (model.vision, model.function_calling, model.thinks) == (True, True, False)
    [model] = (await found(mistral())).models
    assert (model.context_tokens, model.vision, model.function_calling) == (131072, True, True)


async def test_our_own_models_are_understood() -> None:
    spec = {
        "name": "SmolLM2",
        "availableContextTokens": 4096,
        "capabilities": {"supportsFunctionCalling": True, "supportsVision": False},
    }
    row = {"id": "smollm2-135m", "owned_by": "venice.ai", "type": "text", "model_spec": spec}
    engine = await found(FakeEngine({"/v1/models": listing(row)}))
    assert engine.dialect == "openai"
    assert engine.models[0].context_tokens == 4096
    assert engine.models[0].function_calling


async def test_models_that_neither_chat_nor_embed_are_left_out_with_a_word() -> None:
    names = ("gpt-4o", "whisper-1", "dall-e-3", "tts-1-hd", "gpt-image-1", "text-embedding-3-small")
    rows = [{"id": name, "owned_by": "system"} for name in names]
    engine = await found(FakeEngine({"/v1/models": listing(*rows)}))
    assert [model.name for model in engine.models] == ["gpt-4o", "text-embedding-3-small"]
    assert len(engine.warnings) == 4


async def test_a_refused_key_has_an_error_of_its_own() -> None:
    engine = vllm(m=1024)
    engine.key = "k"
    with pytest.raises(EngineRefusedError):
        await found(engine)
    assert (await found(engine, key="k")).models


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (404, EngineError),
        (503, EngineUnavailableError),
        (b"<html>", EngineError),
        ([], EngineError),
        ({"data": "none"}, EngineError),
        (b"[" * 10_000, EngineError),
    ],
)
async def test_what_is_no_list_is_an_error(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        await found(FakeEngine({"/v1/models": answer}))


async def test_names_that_cannot_be_used_and_too_many_are_left_out() -> None:
    odd = ["", "a\nb", "\x1b[2J", "x" * 300, 7, None, {"a": 1}, " padded "]
    rows = [{"id": name} for name in [*odd, "good", "good"]]
    engine = await found(FakeEngine({"/v1/models": listing(*rows)}))
    assert [model.name for model in engine.models] == ["good"]
    assert engine.warnings == ("8 models have unusable names; skipped.",)
    many = [{"id": f"m{number}"} for number in range(MOST_MODELS + 1)]
    engine = await found(FakeEngine({"/v1/models": listing(*many)}))
    assert len(engine.models) == MOST_MODELS
    assert "only the first" in engine.warnings[0]


JSON = st.recursive(
    st.sampled_from([None, True, -1, 0, 5, 2**70, 0.5, float("inf"), "", "tools", "n_ctx", "5"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["capabilities", "input_modalities", "x.context_length"]), below
        )
    ),
    max_leaves=8,
)
KEYS = (
    *("max_model_len", "context_length", "model_spec", "meta", "architecture", "capabilities"),
    *("supported_parameters", "top_provider", "type", "model_info", "parameters", "models"),
    "owned_by",
)


@settings(max_examples=200, deadline=None)
@given(row=st.dictionaries(st.sampled_from(KEYS), JSON))
def test_odd_values_count_as_unsaid(row: dict[str, Any]) -> None:
    told = json.loads(json.dumps(row))
    is_served("m", told)
    dialect_of([told])
    loaded_contexts(told)
    for model in (model_of("m", told, "vllm"), ollama_model("m", told, None)):
        for number in (model.context_tokens, model.max_output_tokens, model.dimensions):
            assert number is None or 0 < number < 2**31


@pytest.mark.parametrize("path", ["/api/tags", "/api/ps"])
@pytest.mark.parametrize("answer", [[], {"models": 5}, {"models": [7, {"model": []}]}, b"{", 404])
async def test_an_ollama_that_says_odd_things_brings_nothing_down(path: str, answer: Any) -> None:
    engine = ollama()
    engine.answers[path] = answer
    with suppress(EngineError):
        assert len((await found(engine)).models) <= 3


def vector(length: int) -> dict[str, object]:
    return {"object": "list", "data": [{"index": 0, "embedding": [0.5] * length}]}


async def test_an_embedding_model_is_asked_once_how_long_its_vectors_are() -> None:
    names = ("text-embedding-3-small", "bge-m3", "embed-odd", "embed-known")
    engine = FakeEngine({"/v1/models": listing(*({"id": name} for name in names))})
    engine.vectors = {names[0]: vector(1536), names[1]: vector(0), names[2]: [1]}
    told = by_name(await found(engine, dimensions={"embed-known": 7}))
    assert [told[name].dimensions for name in names] == [1536, None, None, 7]
    assert engine.asked.count("POST /v1/embeddings") == 3


async def test_no_more_models_than_that_are_asked_for_a_vector() -> None:
    names = [f"embed-{number}" for number in range(50)]
    engine = FakeEngine({"/v1/models": listing(*({"id": name} for name in names))})
    await found(engine)
    assert engine.asked.count("POST /v1/embeddings") == 20
