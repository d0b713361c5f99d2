"""The promise of encrypted chat, looked for in memory: what is said is in the enclave, and nowhere else.

The same search finds what is said in plain in the server, and what is encrypted in the enclave: so it can fail.
"""

import os
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from program import MODEL, Program, program
from sealed_caller import ORIGINAL, SECP256K1, X25519, SealedCaller, key_of

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, which Linux has"),
    pytest.mark.skipif(
        sys.platform == "linux" and os.geteuid() != 0,
        reason="the processes are undumpable, so that root alone may read their memory",
    ),
]
CHAT = "/api/v1/chat/completions"
_REGION = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+ *(.*)$", re.MULTILINE)
_UNREADABLE = ("[vvar]", "[vsyscall]", "[vvar_vclock]")
_PIECE = 2**24


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    home = tmp_path_factory.mktemp("memory") / "home"
    slots = {"FONDACO_EMBEDDED__SLOTS": "1", "FONDACO_EMBEDDED__THREADS": "1"}
    with program(home, environ=slots) as opened:
        yield opened


def canary() -> str:
    return f"kanarie{secrets.token_hex(8)}"


def in_memory_of(pid: int, text: str) -> bool:
    """Whether a text lies anywhere in the memory of a process."""
    sought = text.encode()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, end, name in _REGION.findall(Path(f"/proc/{pid}/maps").read_text()):
            if name in _UNREADABLE:
                continue
            if any(sought in piece for piece in _pieces(memory.fileno(), start, end, len(sought))):
                return True
    return False


def _pieces(memory: int, start: str, end: str, overlap: int) -> Iterator[bytes]:
    """Yield a region in pieces, each of which ends with the beginning of the next one."""
    last = int(end, 16)
    for at in range(int(start, 16), last, _PIECE):
        try:
            yield os.pread(memory, min(_PIECE + overlap, last - at), at)
        except OSError:  # it was given back since, or belongs to a device
            return


def below(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    found = [pid]
    for parent in found:
        for tasks in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in tasks.read_text().split()]
    return found[1:]


def enclave_of(one: Program) -> int:
    """Return the process id of the enclave."""
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in below(one.process.pid)}
    (pid,) = [pid for pid, command in commands.items() if b"app.enclave" in command]
    return pid


def sealed(one: Program, algo: str, text: str) -> tuple[SealedCaller, dict[str, object]]:
    report = one.http.get("/v1/aci/attestation").json()
    keys = report["attestation"]["workload_keyset"]
    who = SealedCaller(algo, key_of(keys, algo), f"e2ee-{MODEL}")
    messages = who.messages([("user", f"Repeat this word: {text}")])
    body = {"model": who.model, "messages": messages, "stream": True, "max_tokens": 200}
    return who, body


def test_the_search_finds_what_is_said_in_plain(one: Program) -> None:
    said = canary()
    messages = [{"role": "user", "content": f"Repeat this word: {said}"}]
    body = {"model": MODEL, "messages": messages, "stream": True, "max_tokens": 200}
    with one.http.stream("POST", CHAT, json=body) as reply:
        next(reply.iter_raw())
        assert in_memory_of(one.process.pid, said)


@pytest.mark.parametrize("algo", [X25519, SECP256K1, ORIGINAL])
def test_what_is_encrypted_is_in_the_memory_of_the_enclave_alone(one: Program, algo: str) -> None:
    said = canary()
    who, body = sealed(one, algo, said)
    with one.http.stream("POST", CHAT, json=body, headers=who.headers) as reply:
        assert reply.status_code == 200
        next(reply.iter_raw())
        enclave = enclave_of(one)
        own = [enclave, *below(enclave)]
        others = [one.process.pid, *(pid for pid in below(one.process.pid) if pid not in own)]
        found = [pid for pid in (*own, *others) if in_memory_of(pid, said)]
    assert set(found) & set(own)
    assert not set(found) & set(others)
    assert not in_memory_of(one.process.pid, said)  # nor once the call has ended


def test_what_is_said_is_in_no_command_line_or_environment(one: Program) -> None:
    said = canary()
    who, body = sealed(one, X25519, said)
    with one.http.stream("POST", CHAT, json=body, headers=who.headers) as reply:
        next(reply.iter_raw())
        for pid in (one.process.pid, *below(one.process.pid)):
            for shown in ("cmdline", "environ"):
                assert said.encode() not in Path(f"/proc/{pid}/{shown}").read_bytes()
