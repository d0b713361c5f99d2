"""The sandboxed child: compiles schemas, constraints and templates, one line of JSON each way.

It says `{}` once it is ready, and again when it has got a question. One that takes too much of the
processor ends it, and so its parent knows.
"""

import json
import signal
import sys
from collections.abc import Callable, Mapping

from fondaco.processes import die_with, harden

MOST_MEMORY = 1 * 2**30


def main(trade: str, parent: int, cpu_s: float) -> None:
    """Answer until standard input ends."""
    # A signal to the whole process group must not end us before the calls that the parent drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    harden()
    die_with(parent)
    _confine()
    questions = _questions(trade)
    _say({})
    for line in sys.stdin.buffer:
        _say({})
        asked = json.loads(line)
        _allow(cpu_s)
        answer = questions[asked["question"]](*asked["about"])
        _allow(0)
        _say(answer if isinstance(answer, Mapping) else {"reason": answer})


def _questions(trade: str) -> Mapping[str, Callable[..., Mapping[str, str] | str | None]]:
    """Return what the child can be asked; the libraries for it are slow to load."""
    if trade == "templates":
        from fondaco.sandbox import rendering  # noqa: PLC0415 - the limits come first

        return {"rendered": rendering.rendered}
    from fondaco.sandbox import constraints, enforcement, schemas  # noqa: PLC0415 - the limits come first

    return {
        "flaw": schemas.flaw,
        "fault": schemas.fault,
        "guide_flaw": constraints.flaw,
        "grammar_flaw": enforcement.grammar_error,
        "guide_fault": constraints.fault,
    }


def _say(answer: Mapping[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


def _confine() -> None:
    """Keep what is judged out of files, and within some memory."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _allow(cpu_s: float) -> None:
    """End this process once it has computed so long; 0: never.

    The kernel's own timer ends it even inside a library that returns to nobody.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, cpu_s)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
