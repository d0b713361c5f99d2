"""The sandboxed child: compiles schemas, constraints and templates, one line of JSON each way.

It writes `{}` once it is ready, and again when it has received a request. A request that exceeds the
CPU limit ends the process; the acknowledgement shows the parent that this request was the cause.
"""

import json
import signal
import sys
from collections.abc import Callable, Mapping

from fondaco.processes import die_with, harden

MOST_MEMORY = 1 * 2**30


def main(role: str, parent: int, cpu_s: float) -> None:
    """Answer requests until standard input ends."""
    # A signal to the whole process group must not end us before the calls that the parent drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    harden()
    die_with(parent)
    _confine()
    functions = _functions(role)
    _write({})
    for line in sys.stdin.buffer:
        _write({})
        request = json.loads(line)
        _allow(cpu_s)
        result = functions[request["function"]](*request["arguments"])
        _allow(0)
        _write(result if isinstance(result, Mapping) else {"reason": result})


def _functions(role: str) -> Mapping[str, Callable[..., Mapping[str, str] | str | None]]:
    """Return the functions that a role offers; their libraries are slow to load."""
    if role == "templates":
        from fondaco.sandbox import rendering  # noqa: PLC0415 - the limits come first

        return {"render": rendering.render}
    from fondaco.sandbox import constraints, enforcement, schemas  # noqa: PLC0415 - the limits come first

    return {
        "schema_error": schemas.schema_error,
        "schema_mismatch": schemas.schema_mismatch,
        "constraint_error": constraints.constraint_error,
        "grammar_error": enforcement.grammar_error,
        "constraint_mismatch": constraints.constraint_mismatch,
    }


def _write(result: Mapping[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(result)}\n")
    sys.stdout.flush()


def _confine() -> None:
    """Deny file writes, and limit the memory, before anything untrusted is compiled."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _allow(cpu_s: float) -> None:
    """Set the CPU time after which the kernel ends this process; 0: no limit.

    A timer of the kernel works even inside a library call that never returns.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, cpu_s)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
