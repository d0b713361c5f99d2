"""Process hardening: no core dumps, no debugger, no swap, and children that inherit no secrets."""

import ctypes
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import anyio
from anyio.abc import Process

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_MCL_CURRENT = 1
_MCL_FUTURE = 2
_MCL_ONFAULT = 4
_CAP_IPC_LOCK = 14
_INHERITED = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|VIRTUAL_ENV"
    r"|LD_LIBRARY_PATH|PYTHON(PATH|HOME|UTF8|IOENCODING|DONTWRITEBYTECODE|PYCACHEPREFIX)"
    r"|(OMP|GGML)_[A-Z_]+|(CUDA|HIP|ROCR)_VISIBLE_DEVICES"
)
"""Variables that a child may need to find its libraries, write its language or place its threads."""
_FOR_PIP = re.compile(
    r"PIP_[A-Z_]+|NETRC|XDG_(CONFIG|CACHE)_(HOME|DIRS)|APPDATA|PROGRAMDATA"
    r"|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE"
)
"""Variables that configure pip's index and the way to it."""


_FOR_NPM = re.compile(
    r"(NPM_CONFIG|npm_config)_[A-Za-z_]+|XDG_(CONFIG|CACHE)_HOME|APPDATA"
    r"|(HTTPS?|NO)_PROXY|(https?|no)_proxy|NODE_EXTRA_CA_CERTS"
)
"""Likewise for npm."""


def resident_bytes(pid: int) -> int | None:
    """Return how much memory a process has in RAM; None where it is gone, or the system does not tell.

    >>> resident_bytes(-1) is None
    True
    """
    try:
        fields = Path(f"/proc/{pid}/statm").read_text("ascii").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def descendants(pid: int) -> list[int]:
    """Return the children of a process, and theirs; none where it is gone, or the system does not tell.

    >>> descendants(-1)
    []
    """
    found: list[int] = []
    for told in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            children = [int(word) for word in told.read_text("ascii").split()]
            found += [one for child in children for one in (child, *descendants(child))]
    return found


def harden() -> None:
    """Keep this process's memory, which holds prompts and keys, out of core dumps and debuggers.

    A child inherits the limit on core dumps; being undumpable ends at `exec`, so each child
    calls this for itself. On Linux, only root may then read `/proc/PID/environ` and memory.
    """
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # The limit does not apply if the core pattern pipes to a program; this flag does.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0)


def lock_memory(*, but: Path | None = None) -> bool:
    """Keep this process's memory out of swap where the system lets it, and return whether it does.

    A page is locked once something is written to it or read from it, so that what is only reserved, such as
    the stacks of threads, takes no memory. A child does not inherit this.

    Args:
        but: a file whose pages hold no secret and may be dropped, being read again when they are needed.
    """
    if sys.platform != "linux" or not _may_lock():
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        return False
    for start, end in _mapped(but) if but is not None else ():
        libc.munlock(ctypes.c_void_p(start), ctypes.c_size_t(end - start))
    return True


def _may_lock() -> bool:
    """Return whether memory may be locked without a limit; under one, later allocations would fail."""
    import resource  # noqa: PLC0415 - it exists on POSIX only

    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        return True
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return effective is not None and bool(int(effective[1], 16) >> _CAP_IPC_LOCK & 1)


def _mapped(file: Path) -> list[tuple[int, int]]:
    """Return a file's address range in this process's memory: first address, and one after the last."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    rows = (line.split(maxsplit=5) for line in maps.splitlines())
    ranges = (row[0].split("-") for row in rows if row[5:] == [str(file.resolve())])
    return [(int(start, 16), int(end, 16)) for start, end in ranges]


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, even by SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if sys.platform != "win32" and os.getppid() != parent:  # the parent died before the call
        os._exit(1)


async def opened_child(
    command: Sequence[str], *, stderr: int | None, env: Mapping[str, str]
) -> Process:
    """Start a child that receives requests over pipes; the caller ends it.

    A start is not cancelled: asyncio would forget the process, which then lives on. So a cancelled caller
    has it, and its next `await` is what is cancelled.

    Args:
        command: the program and its arguments.
        stderr: where its standard error goes; None: where ours does.
        env: its whole environment.

    Raises:
        OSError: no process, memory or file descriptor is left.
    """
    with anyio.CancelScope(shield=True):
        child = await anyio.open_process(command, stderr=stderr, env=env)
    return child  # noqa: RET504 - mypy takes the scope for one that may swallow errors


def environment_of_child() -> dict[str, str]:
    """Return the environment for a child: an allowlist, since any variable may hold a secret."""
    return _inherited(_INHERITED)


def environment_of_pip() -> dict[str, str]:
    """Return the environment for pip: that of a child, and the user's own index settings."""
    return _inherited(_INHERITED) | _inherited(_FOR_PIP)


def environment_of_npm() -> dict[str, str]:
    """Return the environment for npm: that of a child, and the user's own registry settings."""
    return _inherited(_INHERITED) | _inherited(_FOR_NPM)


def _inherited(names: re.Pattern[str]) -> dict[str, str]:
    ours = os.environ  # noqa: TID251 - what a child inherits is no setting
    return {name: value for name, value in ours.items() if names.fullmatch(name)}
