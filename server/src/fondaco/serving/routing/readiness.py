"""Readiness: whether the ledger can be written and the default model really answers.

The first is shown by a write, the second by a generated token.
"""

from collections.abc import Mapping

from anyio import Lock

from fondaco.domain.errors import EngineUnavailableError, FondacoError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.ports import ChatEngine, Clock
from fondaco.serving.billing.ledger import Ledger


class Readiness:
    """Probes the ledger and the engines of the default model; a verdict holds for some seconds."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, ChatEngine],
        clock: Clock,
        cache_s: float,
        ledger: Ledger,
    ) -> None:
        self._ledger = ledger
        self._catalogue = catalogue
        self._engines = engines
        self._clock = clock
        self._cache_s = cache_s
        self._probing = Lock()
        self._until = float("-inf")
        self._fault: FondacoError | None = None
        self._quarantined = 0

    async def check(self) -> int:
        """Return how many writes to the ledger wait for the operator, if calls can be served.

        Raises:
            FondacoError: why they cannot.
        """
        async with self._probing:  # concurrent requests share one probe
            if self._clock.monotonic() >= self._until:
                self._fault = await self._probe()
                self._until = self._clock.monotonic() + self._cache_s
        if self._fault is not None:
            raise self._fault
        return self._quarantined

    @property
    def verdict(self) -> tuple[bool, FondacoError | None]:
        """Whether a probe was made yet, and the fault that the last one found; nothing is probed for it."""
        return self._until > float("-inf"), self._fault

    async def _probe(self) -> FondacoError | None:
        try:
            self._quarantined = await self._ledger.check()
        except FondacoError as error:
            return error
        return await self._probe_engines()

    async def _probe_engines(self) -> FondacoError | None:
        try:
            route = self._catalogue.route("default")
        except FondacoError as error:
            return error
        fault: FondacoError = EngineUnavailableError(
            f"No engine runs the default model {route.model.id!r}."
        )
        for name in route.engines:
            engine = self._engines.get(name)
            if engine is None:
                continue
            try:
                await engine.probe()
            except FondacoError as error:
                fault = error
            else:
                return None
        return fault
