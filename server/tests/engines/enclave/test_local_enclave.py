"""The enclave as a child of its gateway, with a real model: it comes back when it dies, with other keys."""

import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest

from fondaco.app.enclave.opening import follow, opened_enclave, program_of
from fondaco.configuration import load
from fondaco.domain.confidential.sealed import Sealed, SealedCall, SealedFormat
from fondaco.domain.errors import (
    EngineError,
    EngineUnavailableError,
    ModelNotInstalledError,
    SealedRequestError,
)
from fondaco.engines.enclave.engine import LocalEnclave
from fondaco.sections import Search
from fondaco.settings import Settings
from program import MODEL, model_file
from sealed_caller import ORIGINAL, SECP256K1, X25519, SealedCaller, fresh_id, key_of

TWIN = f"e2ee-{MODEL}"
KERNELS = {"io", "pf", "mm", "de"}
"""Flags of regions that the kernel itself keeps, which it neither locks nor swaps."""
LIMIT_S = 120
"""For whatever a test waits for, on a machine that does much else."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    if not model_file().is_file():
        pytest.skip(f"the embedded model is not installed: run `fondaco models pull {MODEL}`")
    home = tmp_path_factory.mktemp("home")
    options = {"embedded.threads": 1, "embedded.slots": 2, "embedded.context_tokens": 512}
    return load({"home": home, **options}).settings


@pytest.fixture(scope="module")
async def enclave(settings: Settings) -> AsyncGenerator[LocalEnclave]:
    async with opened_enclave(settings) as enclave:
        assert isinstance(enclave, LocalEnclave)
        yield enclave


async def caller_of(enclave: LocalEnclave, algo: str = X25519) -> SealedCaller:
    """Return a caller that has asked for the attestation, as often as the enclave takes to start."""
    report = await available(enclave)
    return SealedCaller(algo, key_of(report["attestation"]["workload_keyset"], algo), TWIN)


async def available(enclave: LocalEnclave) -> Mapping[str, Any]:
    with anyio.fail_after(LIMIT_S):
        while True:
            with suppress(EngineUnavailableError):
                return await enclave.attestation(SealedFormat.ACI, nonce="ab" * 16)
            await anyio.sleep(0.02)


async def answered(enclave: LocalEnclave, call: SealedCall, most: int = 12) -> list[Sealed]:
    with anyio.fail_after(LIMIT_S):
        await enclave.measure(TWIN, call)
        async with aclosing(enclave.answer(TWIN, call, most)) as pieces:
            return [piece async for piece in pieces]


@pytest.mark.parametrize("algo", [X25519, SECP256K1, ORIGINAL])
async def test_a_sealed_call_is_answered(enclave: LocalEnclave, algo: str) -> None:
    caller = await caller_of(enclave, algo)
    call = caller.ask(fresh_id(), "Name the capital of Italy.")
    pieces = await answered(enclave, call)
    opened = caller.opened(b"".join(piece.wire for piece in pieces))
    assert "Rome" in opened.text()
    assert sum(piece.tokens for piece in pieces) <= 12
    receipt = await enclave.receipt(call.format, call.completion_id, owner=call.owner)
    assert "receipt" in receipt or receipt["chat_id"] == call.completion_id


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0,
    reason="looks into /proc, where root alone may lock without a limit",
)
async def test_its_memory_and_its_engines_stay_in_ram_and_out_of_dumps(
    enclave: LocalEnclave,
) -> None:
    caller = await caller_of(enclave)
    await answered(enclave, caller.ask(fresh_id(), "Hello"))
    assert enclave.pid is not None
    [engine] = _children(enclave.pid)
    for pid in (enclave.pid, engine):
        assert _may_dump_no_core(pid)
        unlocked = [row for row in _regions(pid) if "wr" in row.flags and "lo" not in row.flags]
        assert [row.name for row in unlocked if not row.flags & KERNELS] == []
    weights = [row for row in _regions(engine) if row.name.endswith(".gguf")]
    assert weights
    assert all("lo" not in row.flags for row in weights)


async def test_killed_in_the_middle_of_an_answer_it_comes_back_with_other_keys(
    enclave: LocalEnclave,
) -> None:
    caller = await caller_of(enclave)
    before, killed = await enclave.identity(), enclave.pid
    assert killed is not None
    call = caller.ask(fresh_id(), "Count from one to a thousand.")

    async def ask() -> bytes:
        heard = b""
        await enclave.measure(TWIN, call)
        async with aclosing(enclave.answer(TWIN, call, 400)) as pieces:
            async for piece in pieces:
                heard += piece.wire
                with suppress(ProcessLookupError):
                    os.kill(killed, signal.SIGKILL)
        return heard

    with anyio.fail_after(LIMIT_S), pytest.raises(EngineError):
        await ask()
    again = await caller_of(enclave)
    after = await enclave.identity()
    assert after.workload_id == before.workload_id
    assert after.keyset_digest != before.keyset_digest
    assert again.model_key != caller.model_key
    stale = SealedCaller(X25519, caller.model_key, TWIN).ask(fresh_id(), "Hello")
    with pytest.raises(SealedRequestError) as refused:
        await enclave.measure(TWIN, stale)
    assert refused.value.reason == "e2ee_model_key_mismatch"
    assert await answered(enclave, again.ask(fresh_id(), "Hello"))


async def test_a_call_that_was_measured_before_a_restart_is_not_answered(
    enclave: LocalEnclave,
) -> None:
    call = (await caller_of(enclave)).ask(fresh_id(), "Hello")
    await enclave.measure(TWIN, call)
    assert enclave.pid is not None
    os.kill(enclave.pid, signal.SIGKILL)
    await available(enclave)
    with pytest.raises(SealedRequestError) as refused:
        await anext(enclave.answer(TWIN, call, 5))
    assert refused.value.reason == "e2ee_model_key_mismatch"


async def test_hung_up_it_stops_its_engine(enclave: LocalEnclave) -> None:
    caller = await caller_of(enclave)
    for _ in range(4):  # of two slots: the later ones wait for those before to be given up
        call = caller_again(caller).ask(fresh_id(), "Count from one to a thousand.", n=2)
        with anyio.fail_after(LIMIT_S):
            await enclave.measure(TWIN, call)
            async with aclosing(enclave.answer(TWIN, call, 400)) as pieces:
                await anext(pieces)
    assert await answered(enclave, caller_again(caller).ask(fresh_id(), "Hello"))


async def test_a_signal_to_the_whole_group_does_not_end_it(enclave: LocalEnclave) -> None:
    await available(enclave)
    pid = enclave.pid
    assert pid is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(pid, number)
    await enclave.identity()
    assert enclave.pid == pid


async def test_nothing_starts_before_the_first_call(settings: Settings) -> None:
    async with opened_enclave(settings) as enclave:
        assert isinstance(enclave, LocalEnclave)
        assert enclave.pid is None


async def test_a_model_whose_file_is_missing_names_the_command_that_brings_it(
    settings: Settings, tmp_path: Path
) -> None:
    elsewhere = settings.model_copy(update={"models_folder": tmp_path})
    async with opened_enclave(elsewhere) as enclave:
        assert isinstance(enclave, LocalEnclave)
        call = (await caller_of(enclave)).ask(fresh_id(), "Hello")
        with pytest.raises(ModelNotInstalledError, match=f"fondaco models pull {MODEL}"):
            await enclave.measure(TWIN, call)


async def test_an_enclave_that_cannot_start_says_why(settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "enclave.key").write_bytes(b"short")
    (home / "enclave.key").chmod(0o600)
    async with opened_enclave(settings.model_copy(update={"home": home})) as enclave:
        with anyio.fail_after(LIMIT_S), pytest.raises(EngineUnavailableError, match="5 bytes"):
            await enclave.identity()


def test_of_secrets_it_gets_those_of_its_own_engines(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "a secret")
    monkeypatch.setenv("OTHER", "another")
    engines = {"vault": {"base_url": "http://vault:8000/v1", "key": "env:OURS"}}
    own = load({"home": settings.home, "enclave.engines": engines}).settings
    program = program_of(own)
    assert program.environment == {"OURS": "a secret"}
    assert "secret" not in str(program.order)
    told = Settings.model_validate(program.order["settings"])
    assert (told.enclave, told.embedded, told.home) == (own.enclave, own.embedded, own.home)
    assert told.models[MODEL] == own.models[MODEL]


async def test_with_other_models_it_has_other_keys_once_its_calls_have_ended(
    settings: Settings,
) -> None:
    async with opened_enclave(settings) as enclave:
        assert isinstance(enclave, LocalEnclave)
        call = (await caller_of(enclave)).ask(fresh_id(), "Count from one to a thousand.")
        old = enclave.pid
        await enclave.measure(TWIN, call)
        async with aclosing(enclave.answer(TWIN, call, 40)) as pieces:
            await anext(pieces)
            same = await follow(
                [enclave], settings.model_copy(update={"search": Search(results=2)})
            )
            same()
            assert enclave.pid == old
            entry = settings.models[MODEL].model_copy(update={"temperature": 0.1})
            models = {**settings.models, MODEL: entry}
            end = await follow([enclave], settings.model_copy(update={"models": models}))
            renewed = await caller_of(enclave)
            assert enclave.pid not in (None, old)
            *_, last = [piece async for piece in pieces]
            assert last.last
        end()
        assert await answered(enclave, renewed.ask(fresh_id(), "Hello"))
        assert old is not None
        with anyio.fail_after(LIMIT_S):
            while Path(f"/proc/{old}").exists():  # noqa: ASYNC110, ASYNC240 - /proc only
                await anyio.sleep(0.02)


def _children(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def _may_dump_no_core(pid: int) -> bool:
    limits = Path(f"/proc/{pid}/limits").read_text()
    return re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE) is not None


class Region(NamedTuple):
    """A region of a process's memory."""

    name: str
    flags: set[str]
    """As `smaps` calls them: `wr` writable, `lo` locked."""


def _regions(pid: int) -> list[Region]:
    regions, name = list[Region](), ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if line.startswith("VmFlags:"):
            regions.append(Region(name, set(line.split()[1:])))
        elif re.match(r"[0-9a-f]+-", line):
            name = "".join(line.split(maxsplit=5)[5:])
    return regions


def caller_again(caller: SealedCaller) -> SealedCaller:
    return SealedCaller(caller.algo, caller.model_key, caller.model)
