"""Overview of engines for the operator: their known state, without requests to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import AnyModel
from fondaco.ports import EngineLoad, EngineProcess, EngineState, LocalEngine
from fondaco.serving.metrics import EngineFault, Metrics
from fondaco.serving.routing.reachability import Reachability

_KEY_MISSING = "KeyMissingError"
_BUSIEST_FIRST = (EngineState.LOADED, EngineState.LOADING, EngineState.STOPPED)


@dataclass(frozen=True, slots=True)
class EngineSite:
    """An engine elsewhere, as the configuration has it."""

    kind: str
    """Its dialect."""
    address: str
    """Its base URL."""
    load: EngineLoad | None = None
    """None: nothing can be sent to it."""


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """A child process, and its memory with that of its own children."""

    process: EngineProcess
    memory_bytes: int | None
    """Resident; None where none runs, or the system does not tell."""


@dataclass(frozen=True, slots=True)
class EngineReport:
    """An engine and its state."""

    id: str
    kind: str
    address: str | None
    models: Sequence[str]
    state: EngineState
    reason: str | None = None
    since: float | None = None
    """Unix seconds since which it does not answer."""
    running: int = 0
    waiting: int = 0
    fault: EngineFault | None = None
    """Its last fault since the server started."""
    processes: Sequence[ProcessReport] = field(default_factory=tuple)


class EngineOverview:
    """Reports on the engines of one configuration."""

    def __init__(
        self,
        catalogue: Catalogue,
        sites: Mapping[str, EngineSite],
        local: Mapping[str, Sequence[LocalEngine]],
        *,
        reachability: Reachability,
        metrics: Metrics,
        memory_of: Callable[[int], int | None],
        descendants_of: Callable[[int], Sequence[int]],
    ) -> None:
        """Prepare.

        Args:
            catalogue: the models.
            sites: the engines elsewhere, by name.
            local: the engines that run here, by name, which several may share; those without a model of the catalogue are left out.
            reachability: what the last look at each engine elsewhere found.
            metrics: the faults of engines.
            memory_of: returns the resident bytes of a process.
            descendants_of: returns the ids of a process's children, and of theirs.
        """
        self._sites = sites
        self._local = local
        self._reachability = reachability
        self._metrics = metrics
        self.memory_of = memory_of
        self._descendants_of = descendants_of
        self._models: dict[str, list[AnyModel]] = {}
        for model in catalogue.models():
            for name in model.engines:
                self._models.setdefault(name, []).append(model)

    def reports(self) -> list[EngineReport]:
        """Return a report on each engine: those that run here first, in the order of the configuration."""
        here = [self._here(name, engines) for name, engines in self._local.items()]
        return [
            *(report for report in here if report.models),
            *(self._elsewhere(name, site) for name, site in self._sites.items()),
        ]

    def loading(self) -> list[str]:
        """Return the ids of the models that engines on this machine are loading now."""
        ids = (
            one.model
            for name, shared in self._local.items()
            for engine in shared
            for one in engine.processes
            if one.state is EngineState.LOADING and one.model != name
        )
        return list(dict.fromkeys(ids))  # several names may share an engine

    def _here(self, name: str, engines: Sequence[LocalEngine]) -> EngineReport:
        models = {model.id: model for model in self._models.get(name, ())}
        processes = [
            one if one.pid is not None or _is_installed(one, models) else _not_here(one)
            for engine in engines
            for one in engine.processes
            if one.model in models or one.model == name
        ]
        state = _state_of(processes)
        reasons = (one.reason for one in processes if one.state is state and one.reason)
        return EngineReport(
            id=name,
            kind=name,
            address=None,
            models=tuple(models),
            state=state,
            reason=next(reasons, None),
            running=sum(one.running for one in processes),
            waiting=sum(one.waiting for one in processes),
            fault=self._metrics.faults.get(name),
            processes=[self._measured(one) for one in processes],
        )

    def _elsewhere(self, name: str, site: EngineSite) -> EngineReport:
        verdict = self._reachability.verdict(name)
        state, reason, since = EngineState.UNKNOWN, None, None
        if verdict is not None and verdict.fault:
            is_missing = verdict.fault == _KEY_MISSING
            state = EngineState.MISSING if is_missing else EngineState.UNREACHABLE
            reason, since = verdict.why, verdict.since
        elif verdict is not None:
            state = EngineState.READY
        load = site.load
        return EngineReport(
            id=name,
            kind=site.kind,
            address=site.address,
            models=[model.id for model in self._models.get(name, ())],
            state=state,
            reason=reason,
            since=since,
            running=0 if load is None else load.running,
            waiting=0 if load is None else load.waiting,
            fault=self._metrics.faults.get(name),
        )

    def _measured(self, process: EngineProcess) -> ProcessReport:
        if process.pid is None:
            return ProcessReport(process, None)
        # The models of an enclave run in children of its process.
        pids = (process.pid, *self._descendants_of(process.pid))
        memory = [size for pid in pids if (size := self.memory_of(pid)) is not None]
        return ProcessReport(process, sum(memory) if memory else None)


def _is_installed(process: EngineProcess, models: Mapping[str, AnyModel]) -> bool:
    """Whether a process can start: one of a model needs its files, one of all models has the engine's name."""
    model = models.get(process.model)
    return model is None or model.installed


def _not_here(process: EngineProcess) -> EngineProcess:
    reason = f"The files of {process.model} are not installed. Pull them on the page Models, if they are listed there."
    return EngineProcess(process.model, EngineState.MISSING, reason)


def _state_of(processes: Sequence[EngineProcess]) -> EngineState:
    """Return the state of an engine: that of its busiest process."""
    states = {one.state for one in processes}
    for state in _BUSIEST_FIRST:
        if state in states:
            return state
    return EngineState.MISSING if states else EngineState.STOPPED
