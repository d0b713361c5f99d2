"""Embeddings: the use case from a validated request to vectors whose charge is durable."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fondaco.domain.embedding import EmbeddingInput, EmbeddingRequest, TokenCounts, Vector
from fondaco.domain.errors import InputTooLongError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import EmbeddingModel, ModelType
from fondaco.domain.models.names import DeprecationNotice
from fondaco.domain.money.call import Call, CallKind
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.usage import NO_USAGE, Report, Usage
from fondaco.ports import EmbeddingEngine
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.routing.failover import Failover, ModelEngines

_CHARACTERS_A_TOKEN = 4
"""Of inputs that no engine has counted yet, on average."""
_BYTES_A_TOKEN = 4
"""Of inputs that no engine counts exactly, on average."""


@dataclass(frozen=True, slots=True)
class EmbeddingResult:
    """The vectors of a request, once they are paid for."""

    model: EmbeddingModel
    engine: str
    """The name of the engine that ran the model."""
    vectors: tuple[Vector, ...]
    """One per input, in the order of the inputs."""
    usage: Usage
    quota: Quota
    notice: DeprecationNotice | None = None
    """The model's deprecation notice."""


class EmbeddingMeter:
    """Counts the input tokens of one batch: 0 until its vectors are complete, as it is one result."""

    __slots__ = ("_estimate", "most", "usage")

    def __init__(self, counts: TokenCounts) -> None:
        """Start at nothing, for inputs of at most so many tokens."""
        tokens = counts.input_tokens
        self.most = Usage(input_tokens=tokens)
        self._estimate = tokens if counts.exact else max(1, tokens // _BYTES_A_TOKEN)
        self.usage = NO_USAGE

    def take(self, report: Report) -> None:
        """Count the tokens that the engine reports, or an estimate; never more than was held for."""
        tokens = report.input_tokens or self._estimate
        self.usage = Usage(input_tokens=min(tokens, self.most.input_tokens))

    @property
    def produced(self) -> bool:
        """Whether the vectors are there."""
        return self.usage.input_tokens > 0

    @property
    def exhausted(self) -> bool:
        """Return False: vectors are never cut short."""
        return False

    def fail(self) -> None:
        """Count nothing: a failed batch delivers no vector."""
        self.usage = NO_USAGE


class Embedder:
    """Answers embedding requests."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, EmbeddingEngine],
        paid_calls: PaidCalls,
    ) -> None:
        """Prepare embeddings; `engines` are by their names in the configuration."""
        self._catalogue = catalogue
        self._engines = ModelEngines(catalogue, engines)
        self._paid_calls = paid_calls

    async def answer(self, call: Call, request: EmbeddingRequest) -> EmbeddingResult:
        """Return the vectors of a request; they are charged, by input tokens, when this returns.

        A disconnect cancels the task; unless the vectors were complete by then, nothing is charged.

        Args:
            call: the call.
            request: its model is any name that routes to an embedding model.

        Raises:
            ModelNotFoundError: no embedding model has this name.
            InvalidRequestError: the model's vectors cannot have the requested dimensions.
            InputTooLongError: an input has more tokens than the model takes; both numbers are named.
            FondacoError: as from every paid call. Nothing is charged.
        """
        route = self._catalogue.route(request.model, ModelType.EMBEDDING)
        model = route.model
        model.expect_dimensions(request.dimensions)
        request = replace(request, model=model.id)
        failover = Failover(self._engines.of(model), model.id)
        estimated = sum(map(_estimated_tokens, request.inputs))
        call, meter = replace(call, kind=CallKind.EMBEDDING), CallMeter(whole=True)
        async with self._paid_calls.open(call, model, meter, estimated_tokens=estimated) as paid:
            counts = await failover.first(lambda engine: engine.measure(request))
            _expect_fitting(counts, model.context_tokens)
            counted_by = failover.engine
            meter.current = batch = EmbeddingMeter(counts)
            await paid.hold()
            embeddings = await failover.first(
                lambda engine: engine.embed(request, counts if engine is counted_by else None)
            )
            batch.take(embeddings.report)
            meter.deliver()
        name = failover.engine.name
        vectors, quota = embeddings.vectors, paid.quota
        return EmbeddingResult(model, name, vectors, paid.usage, quota, route.notice)


def _estimated_tokens(text: EmbeddingInput) -> int:
    return -(-len(text) // _CHARACTERS_A_TOKEN) if isinstance(text, str) else len(text)


def _expect_fitting(counts: TokenCounts, context_tokens: int) -> None:
    """Return if every input fits the context; of inexact counts, the engine itself judges.

    Raises:
        InputTooLongError: one does not.
    """
    if not counts.exact:
        return
    for index, tokens in enumerate(counts.counts):
        if tokens > context_tokens:
            alone = len(counts.counts) == 1
            raise InputTooLongError(index, tokens, context_tokens, alone=alone)
