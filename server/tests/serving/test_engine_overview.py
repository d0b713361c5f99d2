"""The overview of engines: what it tells without asking any engine."""

from collections.abc import Sequence
from dataclasses import dataclass

from fondaco.domain.models.catalogue import Catalogue
from fondaco.ports import EngineProcess, EngineState
from fondaco.serving.metrics import Metrics
from fondaco.serving.routing.overview import EngineOverview
from fondaco.serving.routing.reachability import Reachability
from fondaco.system import SystemClock


@dataclass
class Engine:
    """An engine in states that a real one passes through too fast to be held in."""

    name: str
    processes: Sequence[EngineProcess]


def test_models_that_are_being_loaded_are_told_once_each() -> None:
    engine = Engine(
        "embedded",
        (
            EngineProcess("a", EngineState.LOADING),
            EngineProcess("b", EngineState.LOADED),
            EngineProcess("c", EngineState.STOPPED),
        ),
    )
    other = Engine("speech", (EngineProcess("d", EngineState.LOADING),))
    clock = SystemClock()
    overview = EngineOverview(
        Catalogue((), {}),
        {},
        {"embedded": [engine], "embeddings": [engine, other]},
        reachability=Reachability(3600, clock),
        metrics=Metrics(),
        memory_of=lambda pid: None,
        descendants_of=lambda pid: (),
    )
    assert overview.loading() == ["a", "d"]
    engine.processes = (EngineProcess("a", EngineState.LOADED),)
    assert overview.loading() == ["d"]
