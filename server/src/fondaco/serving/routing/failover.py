"""Failover: tries a model's engines in order until one succeeds, whatever the engines produce."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, Protocol, Self, TypeAlias, TypeVar

from fondaco.domain.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    FieldNotTakenError,
    InferenceFailedError,
    ModelNotInstalledError,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import AnyModel
from fondaco.ports.incidents import Incident, report

EngineFailure: TypeAlias = InferenceFailedError | FieldNotTakenError
"""A failure of one engine, after which another one may still serve the call."""


class NamedEngine(Protocol):
    """An engine of any kind."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        ...


EngineT = TypeVar("EngineT", bound=NamedEngine)
T = TypeVar("T")


class BrokenOffError(InferenceFailedError):
    """The engine failed after it had started to answer, so no other one can take over."""

    status = 502
    default = "The engine ended its response early. Output delivered until then is charged."


class Failover(Generic[EngineT]):
    """Tries the engines of one call in order; an engine that failed is not tried again."""

    _failure: EngineFailure | None = None

    def __init__(self, engines: tuple[EngineT, ...], model_id: str) -> None:
        """Prepare.

        Args:
            engines: in the order in which they are tried.
            model_id: the model's id in the catalogue, for incident reports.
        """
        self._engines = engines
        self.model_id = model_id

    @property
    def engine(self) -> EngineT:
        """The engine to try next; after a success, the one that succeeded.

        Raises:
            EngineError, FieldNotTakenError: all have failed, the gravest of them so.
        """
        if not self._engines:
            raise self._failure or EngineUnavailableError
        return self._engines[0]

    async def first(self, work: Callable[[EngineT], Awaitable[T]]) -> T:
        """Return the result of the first engine that does the work; those before it are out.

        Raises:
            EngineError, FieldNotTakenError: none can.
        """
        while True:
            engine = self.engine
            try:
                return await work(engine)
            except (EngineError, FieldNotTakenError) as error:
                self.skip(error)

    def restart(self) -> Self:
        """Return the failover of another request over the engines that are left."""
        return type(self)(self._engines, self.model_id)

    def skip(self, error: EngineFailure, shown: EngineFailure | None = None) -> None:
        """Go on to the next engine.

        If all fail, the caller sees the gravest failure: a field is at fault only where every engine
        refuses it.

        Args:
            error: why this engine failed.
            shown: the error that the caller sees instead, should no engine succeed.
        """
        engine, self._engines = self._engines[0].name, self._engines[1:]
        if isinstance(error, InferenceFailedError) and not _is_expected(error):
            report(Incident.ENGINE_FAILED, reason=error.code, engine=engine, model=self.model_id)
        if self._engines:
            report(
                Incident.ENGINE_PASSED_OVER, reason=error.code, engine=engine, model=self.model_id
            )
        if self._failure is None or isinstance(error, InferenceFailedError):
            self._failure = shown or error

    def end(self, error: EngineFailure) -> None:
        """Report the failure of an engine that had started to answer: no other one can take over.

        Raises:
            BrokenOffError: the engine failed; a timeout and a failed validation keep their own errors.
        """
        self._engines = self._engines[:1]
        self.skip(error)
        if isinstance(error, EngineError | FieldNotTakenError) and not isinstance(
            error, EngineTimeoutError
        ):
            raise BrokenOffError from error


def _is_expected(error: InferenceFailedError) -> bool:
    """Whether the operator knows: a model that is downloaded at present is in the log once, not once a call."""
    return isinstance(error, ModelNotInstalledError) and error.is_downloading


class ModelEngines(Generic[EngineT]):
    """The engines of one kind that run each model of the catalogue."""

    def __init__(self, catalogue: Catalogue, engines: Mapping[str, EngineT]) -> None:
        """Look up each model's engines; `engines` are by their names in the configuration."""
        self._by_model = {
            model.id: found
            for model in catalogue.models()
            if (found := tuple(engines[name] for name in model.engines if name in engines))
        }

    def first(self, model: AnyModel) -> EngineT | None:
        """Return the engine that is tried first; None: there is none, or the model is offline."""
        engines = self._by_model.get(model.id)
        return None if engines is None or model.offline else engines[0]

    def of(self, model: AnyModel, only: str = "") -> tuple[EngineT, ...]:
        """Return a model's engines in the order of failover, or the one named `only`.

        Raises:
            EngineUnavailableError: there are none, or the operator took the model offline.
        """
        engines = self._by_model.get(model.id)
        if engines is not None and only:
            engines = tuple(one for one in engines if one.name == only) or None
        if engines is None or model.offline:
            raise EngineUnavailableError(
                f"The model {model.id!r} is offline. GET /api/v1/models lists available models."
            )
        return engines
