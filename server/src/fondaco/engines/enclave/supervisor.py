"""The supervisor of an enclave's process on this machine."""

from dataclasses import dataclass

from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.clients.pool import HttpPool
from fondaco.ports import EngineProcess, EngineState
from fondaco.workers.supervisor import (
    Crashed,
    Phrases,
    ServerProgram,
    ServerSupervisor,
    Starting,
)

CONNECTIONS = 2_048
"""As many calls as may run at a time."""
_PHRASES = Phrases(
    not_running="The enclave is not running.",
    starting="The enclave is still starting.",
    not_started="The enclave cannot be started on this machine now.",
    not_loaded="The enclave could not be started",
    stopped="The enclave stopped and is being restarted, with new keys. Fetch its attestation again.",
    defect="The enclave could not be supervised.",
)


@dataclass(frozen=True, slots=True)
class RunningEnclave:
    """The enclave is ready."""

    client: HttpClient
    pid: int


class ChildSupervisor(ServerSupervisor[RunningEnclave]):
    """Owns the enclave's process while `run` runs."""

    def __init__(
        self,
        program: ServerProgram,
        name: str,
        *,
        first_byte_timeout_s: float,
        chunk_timeout_s: float,
        total_timeout_s: float,
    ) -> None:
        """Prepare the process of the engine `name`; time-outs are those of its responses."""
        super().__init__(program, _PHRASES, name, "")
        self._first_byte_timeout_s = first_byte_timeout_s
        self._chunk_timeout_s = chunk_timeout_s
        self._total_timeout_s = total_timeout_s

    @property
    def pid(self) -> int | None:
        """The process id, where it runs."""
        state = self.state
        return state.pid if isinstance(state, RunningEnclave) else None

    @property
    def process(self) -> EngineProcess:
        """State of the process, which runs all models of the enclave: it has the enclave's name in their place."""
        state = self.state
        if isinstance(state, RunningEnclave):
            load = state.client if isinstance(state.client, HttpPool) else None
            return EngineProcess(
                self._engine,
                EngineState.LOADED,
                pid=state.pid,
                running=load.running if load else 0,
                waiting=load.waiting if load else 0,
            )
        return EngineProcess(
            self._engine,
            EngineState.LOADING if isinstance(state, Starting) else EngineState.STOPPED,
            state.why if isinstance(state, Crashed) else None,
        )

    def opened(self, address: str, key: str, pid: int) -> RunningEnclave:
        """As `workers.supervisor` says."""
        client = connect(
            address,
            key=key,
            connections=CONNECTIONS,
            first_byte_timeout_s=self._first_byte_timeout_s,
            chunk_timeout_s=self._chunk_timeout_s,
            total_timeout_s=self._total_timeout_s,
        )
        return RunningEnclave(client, pid)

    async def closed(self, running: RunningEnclave) -> None:
        """As `workers.supervisor` says."""
        await running.client.aclose()
