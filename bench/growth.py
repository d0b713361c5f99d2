"""Growth: what a call costs once the ledger and the keys are many."""

import json
import resource
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import gateway
import grown
import machine
import programs
from gateway import Effort
from programs import Target, Tools
from table import Budget, Figure

FEW_ROWS, MANY_ROWS = 10, 1_000_000
FEW_KEYS, MANY_KEYS = 10, 10_000

_PAGES = {
    "first": "limit=500",
    "middle": f"limit=500&page={MANY_ROWS // 1000}",
    "last": f"limit=500&page={MANY_ROWS // 500}",
    "middle (USD only)": f"limit=500&currency=USD&page={MANY_ROWS * 3 // 4 // 1000}",
}


def figures(folder: Path, tools: Tools, effort: Effort) -> Iterator[Figure]:
    """Measure a fresh home and a grown one in turns, and what reads the whole of the grown one."""
    sizes = {"few": (FEW_ROWS, FEW_KEYS), "many": (MANY_ROWS, MANY_KEYS)}
    with ExitStack() as held:
        settings = programs.configuration(held.enter_context(programs.upstream(tools)))
        aims, servers = {}, {}
        for name, (rows, keys) in sizes.items():
            home = folder / f"home-{name}"
            with programs.fondaco(home, settings):
                pass  # the first start makes the tables, the account and a key
            grown.grow(home / "fondaco.sqlite3", rows, keys)
            server = programs.fondaco(home, settings, core=machine.cores()[0])
            servers[name] = held.enter_context(server)
            started = machine.cpu_s(servers[name].pid)
            aims[name] = gateway.aim(folder, servers[name], "folded")
        yield Figure(f"until ready, {MANY_ROWS:,} entries", "CPU s", started, budget=Budget(2))
        yield from _pages(folder / "home-many", servers["many"])
        found = gateway.costs(tools, effort, aims)
        yield _verified(folder / "home-many")
    cost, limit = found["many"].cpu_us, found["few"].cpu_us
    title = f"whole call: {MANY_ROWS:,} entries, {MANY_KEYS:,} keys against {FEW_ROWS}, {FEW_KEYS}"
    note = f"{cost:.0f} against {limit:.0f} us"
    yield Figure(title, "share", cost / limit, budget=Budget(1.1), note=note)


def _pages(home: Path, server: Target) -> Iterator[Figure]:
    """Yield how long pages of usage take, from one end of a million charges to the other."""
    argv = [*programs.FONDACO, "keys", "create", "--type", "ADMIN", "--json", "--home", str(home)]
    made = subprocess.run(argv, check=True, capture_output=True)
    admin = {"Authorization": f"Bearer {json.loads(made.stdout)['apiKey']}"}
    for name, query in _PAGES.items():
        url = f"http://127.0.0.1:{server.port}/api/v1/billing/usage?{query}"
        times = []
        for _ in range(5):
            began = time.perf_counter()
            with urllib.request.urlopen(urllib.request.Request(url, headers=admin)) as reply:
                reply.read()
            times.append((time.perf_counter() - began) * 1000)
        title = f"usage, {name} page of 500 of {MANY_ROWS:,} charges"
        yield Figure(title, "ms", max(times), budget=Budget(200), note="the slowest of 5")


def _verified(home: Path) -> Figure:
    """Return how long the ledger of a million charges takes to be verified."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    began = time.perf_counter()
    argv = [*programs.FONDACO, "ledger", "verify", "--home", str(home)]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    took_s = time.perf_counter() - began
    cpu_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    size = (home / "fondaco.sqlite3").stat().st_size
    note = f"{cpu_s:.1f} s of CPU; {size / MANY_ROWS:.0f} bytes an entry"
    return Figure(
        f"ledger verify, {MANY_ROWS:,} entries", "s", took_s, budget=Budget(10), note=note
    )
