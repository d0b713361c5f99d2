"""The machine: its cores, and what a tree of processes has used of it."""

import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

_TICKS = os.sysconf("SC_CLK_TCK")
_CHILDREN_TIME = 13  # counted in /proc/PID/stat from the field after the name
_PARENT = 1


def facts() -> dict[str, object]:
    """Return what figures depend on; nothing that names the machine."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _cpu_model(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "step_ns": step_ns(),
    }


def step_ns() -> float:
    """Return the CPU nanoseconds of one step of a plain loop: how fast Python is just now.

    Where another machine, or this one an hour later, has another figure, so have all others.
    """
    times: list[float] = []
    for _ in range(21):
        began, total = time.thread_time(), 0
        for number in range(20_000):
            total += number
        times.append((time.thread_time() - began) / 20_000 * 1e9)
    return median(times)


def cores() -> tuple[int, int]:
    """Return the core of what is measured, and the core of all else; one and the same if need be."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds, user and system, of a process with all its descendants."""
    return sum(map(_own_cpu_s, _tree(pid)))


def rss_mb(pid: int) -> float:
    """Return the resident megabytes (2**20) of one process."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def _own_cpu_s(pid: int) -> float:
    """Return a process's own time and that of children it has waited for; 0 if it is gone."""
    fields = _stat(pid)
    if not fields:
        return 0.0
    waited_for = sum(map(int, fields[_CHILDREN_TIME : _CHILDREN_TIME + 2])) / _TICKS
    try:
        return time.clock_gettime(_cpu_clock(pid)) + waited_for
    except OSError:
        return 0.0


def _cpu_clock(pid: int) -> int:
    """Return the clock of a process's CPU time, to the nanosecond where /proc counts ticks of 10 ms.

    Source:
        clock_getcpuclockid(3), MAKE_PROCESS_CPUCLOCK with CPUCLOCK_SCHED: all threads, ended ones too.
    """
    return (~pid << 3) | 2


def _tree(root: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (fields := _stat(int(path.name))):
            parents.setdefault(int(fields[_PARENT]), []).append(int(path.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += parents.get(pid, [])


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on; none if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
