"""Engines as the server's operator sees them."""

from pydantic import ConfigDict, Field

from fondaco.http.endpoint.fields import Schema
from fondaco.ports import EngineState


class ProcessEntry(Schema):
    """A process of an engine that runs on this machine; each runs one model, but an enclave's runs all."""

    model: str = Field(description="The model that it runs; of an enclave, the enclave's name.")
    state: EngineState
    reason: str | None = Field(description="Why it does not run; null where it waits for a call.")
    pid: int | None = Field(description="Its process id; null where no process runs.")
    slots: int | None = Field(
        description="Calls that it answers at a time; null: they share batches."
    )
    running: int = Field(description="Calls that it answers.")
    waiting: int = Field(description="Calls that wait for their turn.")
    memoryBytes: int | None = Field(  # noqa: N815  # the wire's names, as below
        description="Resident memory, with that of its own children; null where no process runs, or the system "
        "does not tell."
    )


class EngineEntry(Schema):
    """An engine and its state, as far as it is known without asking it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "embedded",
                    "kind": "embedded",
                    "address": None,
                    "isLocal": True,
                    "models": ["smollm2-135m"],
                    "state": "loaded",
                    "reason": None,
                    "since": None,
                    "running": 1,
                    "waiting": 0,
                    "slots": 4,
                    "memoryBytes": 331350016,
                    "lastFaultAt": None,
                    "lastFault": None,
                    "processes": [],
                }
            ]
        }
    )

    id: str = Field(description="Its name in the configuration.")
    kind: str = Field(description="The dialect of an engine elsewhere, else its name.")
    address: str | None = Field(
        description="Base URL; null for an engine that runs on this machine."
    )
    isLocal: bool = Field(  # noqa: N815
        description="Whether it runs in processes of this server."
    )
    models: list[str]
    state: EngineState = Field(
        description="`ready`, `unreachable` or `unknown` (not looked at) of an engine elsewhere; `loaded`, "
        "`loading` or `stopped` (starts with the next call) of one that runs here: of its busiest process; "
        "`missing` if its key, or the files of all its models, are not here."
    )
    reason: str | None = Field(description="Why it cannot be used; null if it can.")
    since: str | None = Field(description="Since when it does not answer.")
    running: int = Field(description="Calls that it answers for this server.")
    waiting: int = Field(description="Calls that wait for it.")
    slots: int | None = Field(description="Calls that its loaded processes answer at a time.")
    memoryBytes: int | None = Field(  # noqa: N815
        description="Resident memory of its processes; null where none runs here."
    )
    lastFaultAt: str | None = Field(  # noqa: N815
        description="Its last fault since the server started."
    )
    lastFault: str | None = Field(description="The code of that fault.")  # noqa: N815
    processes: list[ProcessEntry] = Field(
        description="Of an engine that runs here: one a model; of an enclave: one."
    )


class EngineList(Schema):
    """All engines with a model, those on this machine first."""

    data: list[EngineEntry]
