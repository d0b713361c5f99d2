"""What a GGUF file says of its model, and that no file is believed more than it deserves."""

import struct
import tracemalloc
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from fondaco.modelfiles import ModelFileError
from fondaco.modelfiles.headers.facts import facts_of
from fondaco.modelfiles.headers.gguf import EndedEarlyError, NotGgufError, read_tables
from gguf_files import chat_model, embedding_model, gguf, packed, written
from program import model_file


def test_a_chat_models_file_says_what_it_is(tmp_path: Path) -> None:
    facts = facts_of(written(tmp_path / "a.gguf", chat_model()))
    assert (facts.name, facts.architecture, facts.quantization) == ("Tiny Llama", "llama", "Q4_K_M")
    assert (facts.context_tokens, facts.parameters, facts.embeds) == (8192, 32, False)
    assert facts.template is not None


def test_an_embedding_models_file_says_how_long_its_vectors_are(tmp_path: Path) -> None:
    facts = facts_of(written(tmp_path / "a.gguf", embedding_model()))
    assert (facts.embeds, facts.dimensions, facts.pooling) == (True, 384, "cls")


def test_a_decoder_with_a_pooling_embeds(tmp_path: Path) -> None:
    content = chat_model(llama__pooling_type=3)
    facts = facts_of(written(tmp_path / "a.gguf", content))
    assert (facts.embeds, facts.pooling) == (True, "last")


def test_without_a_file_type_most_weights_tell(tmp_path: Path) -> None:
    content = gguf({"general.architecture": "llama"}, kind=8)
    assert facts_of(written(tmp_path / "a.gguf", content)).quantization == "Q8_0"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"general.architecture": "clip"}, "projector"),
        ({"general.architecture": "llama", "general.type": "adapter"}, "LoRA"),
        ({"general.architecture": "bert", "bert.pooling_type": 4}, "reranker"),
        ({}, "architecture"),
    ],
)
def test_what_is_no_model_is_refused(
    tmp_path: Path, values: Mapping[str, object], reason: str
) -> None:
    with pytest.raises(ModelFileError, match=reason):
        facts_of(written(tmp_path / "a.gguf", gguf(values)))


@pytest.mark.parametrize(
    "values",
    [
        {"llama.context_length": "long"},
        {"llama.context_length": True},
        {"llama.context_length": 0},
        {"llama.context_length": 2**32 - 1},
        {"general.name": 7, "llama.embedding_length": 2**31},
        {"general.name": "\x1b[2J", "general.sampling.temp": float("nan")},
        {"general.sampling.temp": -1.0, "general.url": "javascript:alert(1)"},
    ],
)
def test_odd_values_count_as_unsaid(tmp_path: Path, values: Mapping[str, object]) -> None:
    content = gguf({"general.architecture": "llama", **values})
    facts = facts_of(written(tmp_path / "a.gguf", content))
    assert (facts.context_tokens, facts.dimensions, facts.temperature) == (None, None, None)
    assert facts.source == ""
    assert facts.name.isprintable()


HUGE = 2**62


@pytest.mark.parametrize(
    "tail",
    [
        struct.pack("<QQ", HUGE, HUGE),
        struct.pack("<QQ", 0, 1) + struct.pack("<Q", HUGE),
        struct.pack("<QQ", 0, 1) + packed("k") + struct.pack("<IQ", 8, HUGE),
        struct.pack("<QQ", 0, 1) + packed("k") + struct.pack("<IIQ", 9, 8, HUGE),
        struct.pack("<QQ", 0, 1) + packed("k") + struct.pack("<IIQ", 9, 4, HUGE),
        struct.pack("<QQ", 0, 1) + packed("k") + struct.pack("<IIQ", 9, 9, HUGE),
        struct.pack("<QQ", 1, 0) + packed("t") + struct.pack("<I", 2**31),
    ],
)
def test_sizes_that_a_file_names_allocate_nothing(tail: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises((NotGgufError, EndedEarlyError)):
            read_tables(BytesIO(b"GGUF" + struct.pack("<I", 3) + tail + bytes(64)))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_the_largest_product_of_dimensions_is_a_number_and_no_allocation() -> None:
    tensor = packed("t") + struct.pack("<IQQQQIQ", 4, *[2**64 - 1] * 4, 3, 2**64 - 1)
    tables = read_tables(BytesIO(b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + tensor))
    assert tables is not None
    assert tables.least_bytes > 2**200


@given(junk=st.binary(max_size=300))
def test_no_bytes_bring_the_reader_down(junk: bytes) -> None:
    with suppress(NotGgufError, EndedEarlyError):
        read_tables(BytesIO(b"GGUF" + struct.pack("<I", 3) + junk))


def test_a_real_model_tells_of_itself() -> None:
    path = model_file()
    if not path.is_file():
        pytest.skip("the embedded model is not installed")
    facts = facts_of(path)
    assert (facts.architecture, facts.context_tokens, facts.quantization) == ("llama", 8192, "Q4_1")
    assert facts.parameters == 134_515_008
    assert not facts.embeds
