"""Tries the server's HTTP/1.1 on damaged requests, with h11 as the referee, for some minutes.

    PYTHONPATH=server/tests python -m fuzz.wire MINUTES [SEED]

Ends with 1 at the first fault, and says which octets show it and which seed makes them.
"""

import sys
import time
from itertools import count
from random import Random, SystemRandom

import anyio

from wire.mutants import cuts, mutant
from wire.referee import dispute
from wire.served import error_in_body


async def fuzz(seconds: float, first: int) -> int:
    """Try seed after seed, and return the exit code."""
    end = time.monotonic() + seconds
    for seed in count(first):
        random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        octets = mutant(random)
        places = cuts(random, octets)
        fault = dispute(octets, places) or (seed % 4 == 0 and await error_in_body(octets, places))
        if fault:
            sys.stdout.write(f"seed {seed}: {octets!r}\ncut at {places}\n{fault}\n")
            return 1
        if time.monotonic() > end:
            sys.stdout.write(f"{seed - first + 1} damaged requests from seed {first}: no fault\n")
            break
    return 0


if __name__ == "__main__":
    first = int(sys.argv[2]) if len(sys.argv) > 2 else SystemRandom().randrange(2**40)
    sys.exit(anyio.run(fuzz, float(sys.argv[1]) * 60, first))
