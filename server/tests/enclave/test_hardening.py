"""Hardening of the enclave's process, seen in processes of their own: it cannot be undone."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

HARDENED = """
import ctypes, encodings.ascii, json, logging, os, re, resource, sys  # once another user, it may read no library
from fondaco.enclave.hardening import harden_enclave
logging.basicConfig(stream=sys.stderr)
if sys.argv[1] == "limited":
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
    if os.getuid() == 0:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
locked = harden_enclave()
with open("/proc/self/status") as status:
    told = status.read()
print(json.dumps({
    "locked": locked,
    "kilobytes": int(re.search(r"VmLck:\\s*(\\d+)", told)[1]),
    "dumpable": ctypes.CDLL(None).prctl(3),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
}))
"""


def hardened(how: str) -> tuple[dict[str, object], str]:
    ended = subprocess.run(
        [sys.executable, "-c", HARDENED, how],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told: dict[str, object] = json.loads(ended.stdout)
    return told, ended.stderr


def test_memory_is_locked_where_the_system_lets_it_and_never_dumped() -> None:
    told, said = hardened("free")
    assert told["dumpable"] == 0
    assert told["core"] == [0, 0]
    assert bool(told["kilobytes"]) is told["locked"]
    assert ("is not locked" in said) is not told["locked"]


def test_under_a_limit_nothing_is_locked_and_the_operator_is_told() -> None:
    told, said = hardened("limited")
    assert (told["locked"], told["kilobytes"], told["dumpable"]) == (False, 0, 0)
    assert "LimitMEMLOCK=infinity" in said


@pytest.mark.skipif(os.getuid() != 0, reason="only root may lock without a limit here")
def test_root_may_lock() -> None:
    told, _ = hardened("free")
    assert told["locked"] is True
