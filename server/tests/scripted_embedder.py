"""An embedding engine of the tests: a word is a token, and a vector the hash of a text."""

import hashlib
from array import array

import anyio

from fondaco.domain.embedding import (
    EmbeddingInput,
    EmbeddingRequest,
    Embeddings,
    TokenCounts,
    unit_vector,
)
from fondaco.domain.errors import FondacoError, InputTooLongError
from fondaco.domain.models.model import EmbeddingModel
from fondaco.domain.money.price import EmbeddingPrice
from fondaco.domain.money.usage import Report

CONTEXT_TOKENS = 100
VECTORS = EmbeddingModel(
    id="vectors",
    name="Vectors",
    price=EmbeddingPrice(1_000_000),
    context_tokens=CONTEXT_TOKENS,
    dimensions=8,
    least_dimensions=2,
    engines=("scripted", "spare"),
)
"""A token costs one nano-dollar."""


class ScriptedEmbedder:
    """Counts words, and embeds them once it is let through."""

    def __init__(self, name: str = "scripted", *, exact: bool = True) -> None:
        self.name = name
        self.exact = exact
        self.reports = True
        """Whether it reports usage."""
        self.measuring_fails: FondacoError | None = None
        self.embedding_fails: FondacoError | None = None
        self.gate = anyio.Event()
        """Until it is set, work waits."""
        self.gate.set()
        self.entered = anyio.Event()
        self.asked: list[tuple[EmbeddingRequest, TokenCounts | None]] = []

    async def measure(self, request: EmbeddingRequest) -> TokenCounts:
        if self.measuring_fails is not None:
            raise self.measuring_fails
        counts = _counts(request)
        if self.exact:
            return TokenCounts(counts)
        return TokenCounts(tuple(count * 10 for count in counts), exact=False)

    async def embed(self, request: EmbeddingRequest, counts: TokenCounts | None) -> Embeddings:
        self.asked.append((request, counts))
        self.entered.set()
        tokens = sum(_counts(request))
        await self.gate.wait()
        if self.embedding_fails is not None:
            raise self.embedding_fails
        vectors = tuple(
            unit_vector(array("f", _numbers(text)), request.dimensions) for text in request.inputs
        )
        return Embeddings(vectors, Report(tokens if self.reports else None))

    async def probe(self) -> None:
        return


def _counts(request: EmbeddingRequest) -> tuple[int, ...]:
    counts = tuple(_tokens(text) for text in request.inputs)
    for index, count in enumerate(counts):
        if count > CONTEXT_TOKENS:
            raise InputTooLongError(index, count, CONTEXT_TOKENS, alone=len(counts) == 1)
    return counts


def _tokens(text: EmbeddingInput) -> int:
    return max(1, len(text.split())) if isinstance(text, str) else len(text)


def _numbers(text: EmbeddingInput) -> list[float]:
    spelled = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    return [byte - 127.5 for byte in hashlib.sha256(spelled).digest()[:8]]
