"""Readiness: whether the default model can really answer, shown by a generated token."""

from collections.abc import Mapping

from anyio import Lock

from fondaco.domain.catalogue import Catalogue
from fondaco.domain.errors import EngineUnavailableError, FondacoError
from fondaco.ports import ChatEngine, Clock


class Readiness:
    """Probes the engines of the default model; a verdict holds for some seconds."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, ChatEngine],
        clock: Clock,
        cache_s: float,
    ) -> None:
        self._catalogue = catalogue
        self._engines = engines
        self._clock = clock
        self._cache_s = cache_s
        self._probing = Lock()
        self._until = float("-inf")
        self._fault: FondacoError | None = None

    async def check(self) -> None:
        """Return if the default model answers.

        Raises:
            FondacoError: why it does not.
        """
        async with self._probing:  # one probe serves all who ask meanwhile
            if self._clock.monotonic() >= self._until:
                self._fault = await self._probe()
                self._until = self._clock.monotonic() + self._cache_s
        if self._fault is not None:
            raise self._fault

    async def _probe(self) -> FondacoError | None:
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
