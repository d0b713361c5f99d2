"""The supervisor of llama.cpp's server: starts it at the first call, and restarts it when it dies."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from fondaco.clients.client import HttpClient
from fondaco.engines.llamacpp.prefill import PrefillQueue
from fondaco.engines.llamacpp.slots import Slots
from fondaco.workers.supervisor import Phrases, ServerProgram, ServerSupervisor

Connect: TypeAlias = Callable[[str, str], HttpClient]
"""Address and key -> client."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Parameters of a child."""

    model_file: Path
    threads: int
    slots: int
    context_tokens: int
    """Of each slot."""
    compact_cache: bool = False
    """Keep prompt caches in 8 instead of 16 bits a value: half the memory, slightly slower."""
    gpu_layers: int = -1
    """Layers that a GPU computes, where there is one; -1: all."""
    queue: int = 64
    """Calls that may wait for a slot."""
    start_timeout_s: float = 120.0
    slot_timeout_s: float = 120.0
    """Time-out of a call's wait for a slot."""
    source: str | None = None
    """The argument of `fondaco models pull` that downloads the file; None: the model's id."""
    pooling: Literal["mean", "cls", "last", "file"] | None = None
    """Pooling of an embedding model; `file`: as its file says; None: a chat model."""
    out_of_swap: bool = False
    """Whether what it is asked and answers is locked in RAM, where the system lets it; the weights are not."""


@dataclass(frozen=True, slots=True)
class Running:
    """The child is ready."""

    upstream: HttpClient
    slots: Slots
    pid: int
    prefill: PrefillQueue
    counting: PrefillQueue
    """Turns at rendering and counting long prompts, which the engine cannot cancel."""


class Supervisor(ServerSupervisor[Running]):
    """Owns the child process of one model while `run` runs."""

    def __init__(self, launch: Launch, connect: Connect, engine: str, model: str) -> None:
        """Prepare a child for `launch`; `engine` and `model` name it in the log."""
        program = ServerProgram(
            "fondaco.engines.llamacpp.child", launch_options(launch), launch.start_timeout_s
        )
        phrases = Phrases(
            not_running="The embedded engine is not running.",
            starting="The model is still loading.",
            not_started="The model's engine cannot be started on this machine now.",
            not_loaded=f"The model {launch.model_file.name!r} could not be loaded",
            stopped="The model's engine stopped and is being restarted.",
            defect="The model's engine could not be supervised.",
        )
        super().__init__(program, phrases, engine, model)
        self._launch = launch
        self._connect = connect

    def opened(self, address: str, key: str, pid: int) -> Running:
        """As `workers.supervisor` says."""
        launch = self._launch
        slots = Slots(launch.slots, queue=launch.queue, wait_s=launch.slot_timeout_s)
        return Running(self._connect(address, key), slots, pid, PrefillQueue(), PrefillQueue())

    async def closed(self, running: Running) -> None:
        """As `workers.supervisor` says."""
        running.slots.close()
        await running.upstream.aclose()


def launch_options(launch: Launch) -> dict[str, object]:
    """Return the child's launch parameters as JSON: `child.parameters` makes llama.cpp's parameters of it."""
    return {
        "model": str(launch.model_file),
        "threads": launch.threads,
        "slots": launch.slots,
        "context_tokens": launch.context_tokens,
        "compact_cache": launch.compact_cache,
        "gpu_layers": launch.gpu_layers,
        "pooling": launch.pooling,
        "out_of_swap": launch.out_of_swap,
    }
