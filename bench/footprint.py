"""What Fondaco takes before its first call: packages, CPU seconds to start, and per request body."""

import importlib.metadata
import json
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import machine
import programs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from table import Budget, Figure

from fondaco.http.apis.openai.chat.request import ChatRequest
from fondaco.http.endpoint.strict_json import parse

_NO_MODEL = "[embedded]\nenabled = false\n"
_BODY_BYTES = 25_000
_VALIDATIONS = 200


def figures(folder: Path, starts: int) -> Iterator[Figure]:
    """Measure; what is started is started `starts` times."""
    count = len(needed("fondaco"))
    yield Figure("packages of a gateway, itself not counted", "", count, budget=Budget(45, 40))
    version = median(_version_cpu_s() for _ in range(starts))
    yield Figure("fondaco --version", "CPU s", version, budget=Budget(0.15, 0.1))
    yield from _ready(folder, starts)
    yield Figure("chat request of 25 kB, validated", "us", validation_us(), budget=Budget(100, 60))


def needed(name: str) -> set[str]:
    """Return the distributions that one needs when it is installed without extras."""
    found: set[str] = set()
    waiting: list[tuple[str, str]] = [(name, "")]
    seen: set[tuple[str, str]] = set()
    while waiting:
        one, extra = waiting.pop()
        if (one, extra) in seen:
            continue
        seen.add((one, extra))
        found.add(one)
        for line in importlib.metadata.requires(one) or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
                child = canonicalize_name(wanted.name)
                waiting += [(child, other) for other in ("", *wanted.extras)]
    return found - {name}


def validation_us() -> float:
    """Return the microseconds from the bytes of a chat request to the validated one."""
    words = "The lamp was lit at six and put out at dawn; nine ships passed, one did not answer. "
    messages = [
        {"role": ("user", "assistant")[number % 2], "content": words * 12} for number in range(23)
    ]
    body = json.dumps({"model": "default", "messages": messages, "max_tokens": 64}).encode()
    if abs(len(body) - _BODY_BYTES) > _BODY_BYTES / 20:
        raise AssertionError(f"The body has {len(body)} bytes.")
    times: list[float] = []
    for _ in range(_VALIDATIONS):
        began = time.perf_counter()
        ChatRequest.model_validate(parse(body))
        times.append(time.perf_counter() - began)
    return median(times) * 1e6


def _version_cpu_s() -> float:
    """Return the CPU seconds of `fondaco --version`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*programs.FONDACO, "--version"], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _ready(folder: Path, starts: int) -> Iterator[Figure]:
    """Yield the CPU seconds until requests are answered, on a new home and on one that is there."""
    homes = [folder / f"start-{number}" for number in range(starts)]
    first = median(_ready_cpu_s(home, _NO_MODEL, "/healthz") for home in homes)
    later = median(_ready_cpu_s(home, _NO_MODEL, "/healthz") for home in homes)
    model = median(_ready_cpu_s(home, "", "/readyz") for home in homes)
    title = "until ready"
    yield Figure(f"{title}, no model, first start", "CPU s", first, budget=Budget(1.0, 0.8))
    yield Figure(f"{title}, no model, later starts", "CPU s", later, budget=Budget(0.6, 0.45))
    yield Figure(f"{title}, default model has answered", "CPU s", model, budget=Budget(5, 3))


def _ready_cpu_s(home: Path, settings: str, path: str) -> float:
    with programs.serving(home, settings) as (child, port):
        programs.await_reply(port, path, child)
        return machine.cpu_s(child.pid)
