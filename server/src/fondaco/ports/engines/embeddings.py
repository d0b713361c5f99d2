"""The port of embedding engines."""

from typing import Protocol

from fondaco.domain.embedding import EmbeddingRequest, Embeddings, TokenCounts


class EmbeddingEngine(Protocol):
    """Runs an embedding model.

    Every method raises only errors of `domain.errors`: `EngineError` and `FieldNotTakenError` where
    another engine may still serve the call, `InvalidRequestError` where the request itself is at fault.
    """

    @property
    def name(self) -> str:
        """The engine's name in the configuration; shown as `x-venice-model-router`."""
        ...

    async def measure(self, request: EmbeddingRequest) -> TokenCounts:
        """Count the tokens of each input by the model's own tokenizer, before any work.

        Raises:
            InputTooLongError: an input has more tokens than the model takes.
            UnknownTokenError: an input has a token id that the model's vocabulary lacks.
        """
        ...

    async def embed(self, request: EmbeddingRequest, counts: TokenCounts | None) -> Embeddings:
        """Return one unit vector per input, in the order of the inputs; cancelling stops the work.

        An input has the same vector whatever else is in the request or runs beside it.

        Args:
            request: its `dimensions`, where given, are ones that the catalogue's model allows.
            counts: what this engine's `measure` returned; None where another engine measured.

        Raises:
            InputTooLongError: an input has more tokens than the model takes.
        """
        ...

    async def probe(self) -> None:
        """Embed one word, to show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...
