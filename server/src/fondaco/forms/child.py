"""The child that judges forms: a line of JSON in, a line of JSON out, for as long as its parent lives.

It says `{}` once it is ready, and again when it has got a question. One that takes too much of the processor ends it, and so its
parent knows.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping

MOST_MEMORY = 1 * 2**30
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4


def main(parent: int, cpu_s: float) -> None:
    """Answer until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us, once its calls are done
    _die_with(parent)
    _confine()
    from fondaco.forms import judging  # noqa: PLC0415 - slow to import; the limits come first

    questions: Mapping[str, Callable[..., str | None]] = {
        "flaw": judging.flaw,
        "fault": judging.fault,
    }
    _say({})
    for line in sys.stdin.buffer:
        _say({})
        asked = json.loads(line)
        _allow(cpu_s)
        reason = questions[asked["question"]](*asked["about"])
        _allow(0)
        _say({"reason": reason})


def _say(answer: Mapping[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, even by SIGKILL."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_DUMPABLE, 0)
    if sys.platform != "win32" and os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _confine() -> None:
    """Keep what is judged out of core dumps and files, and within some memory."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _allow(cpu_s: float) -> None:
    """End this process once it has computed so long; 0: never.

    The kernel's own timer ends it even inside a library that returns to nobody.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, cpu_s)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
