"""An embedding engine of the tests: a word is a token, and a vector the sum of its words."""

from array import array
from random import Random
from zlib import crc32

from fondaco.domain.embedding import (
    EmbeddingInput,
    EmbeddingRequest,
    Embeddings,
    TokenCounts,
    Vector,
    shortened,
    unit_vector,
)
from fondaco.domain.errors import FondacoError, InputTooLongError, UnknownTokenError
from fondaco.domain.models.model import EmbeddingModel
from fondaco.domain.money.price import EmbeddingPrice
from fondaco.domain.money.usage import Report

DIMENSIONS = 8
CONTEXT_TOKENS = 100
VOCABULARY = 2**20

TOY_VECTORS = EmbeddingModel(
    id="toy-vectors",
    name="Toy vectors",
    price=EmbeddingPrice(input=1_000_000_000),
    context_tokens=CONTEXT_TOKENS,
    dimensions=DIMENSIONS,
    least_dimensions=2,
    rate_class="embedding",
    engines=("toy-embedder",),
)
"""A token costs a thousand nano-dollars."""


def toy_tokens(text: str) -> tuple[int, ...]:
    """Return the tokens of a text: one a word; a text without words is one."""
    words = text.split() or [text]
    return tuple(1 + crc32(word.encode("utf-8", "replace")) % (VOCABULARY - 1) for word in words)


class WordEmbedder:
    """Embeds at once, or fails by the errors put into `fails`."""

    def __init__(self, name: str = "toy-embedder") -> None:
        self.name = name
        self.fails: list[FondacoError] = []
        self.asked: list[EmbeddingRequest] = []

    async def measure(self, request: EmbeddingRequest) -> TokenCounts:
        counts = []
        alone = len(request.inputs) == 1
        for index, one in enumerate(request.inputs):
            tokens = _tokens(one)
            for token in tokens:
                if not 0 <= token < VOCABULARY:
                    raise UnknownTokenError(index, token, alone=alone)
            if len(tokens) > CONTEXT_TOKENS:
                raise InputTooLongError(index, len(tokens), CONTEXT_TOKENS, alone=alone)
            counts.append(len(tokens))
        return TokenCounts(tuple(counts))

    async def embed(self, request: EmbeddingRequest, counts: TokenCounts | None) -> Embeddings:
        self.asked.append(request)
        if self.fails:
            raise self.fails.pop(0)
        counts = counts or await self.measure(request)
        vectors = tuple(
            shortened(_vector(_tokens(one)), request.dimensions) for one in request.inputs
        )
        return Embeddings(vectors, Report(input_tokens=counts.input_tokens))

    async def probe(self) -> None:
        return


def _tokens(one: EmbeddingInput) -> tuple[int, ...]:
    return toy_tokens(one) if isinstance(one, str) else one


def _vector(tokens: tuple[int, ...]) -> Vector:
    numbers = array("f", bytes(4 * DIMENSIONS))
    for place, token in enumerate(tokens):
        chance = Random(token)  # noqa: S311  # a toy's vectors are no secret
        for index in range(DIMENSIONS):
            numbers[index] += chance.uniform(-1, 1) * (1 + place / 100)
    return unit_vector(numbers)
