"""What ASGI costs: CPU per call of our own HTTP/1.1 server beside uvicorn, granian and hypercorn.

Run it as `python bench/fronts.py`; decision 1 has the figures. All serve the same application on one
core, with the bench's load and engine; they take turns, so that a noisy machine is noisy for all.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import gateway
import machine
import programs
from gateway import Aim, Effort
from programs import Target

_FACTORY = "fondaco.asgi:create_app"
_MODELS = {"folded": "whole call, us", "paced": "streamed chunk, us"}
EFFORT = Effort(rounds=5, seconds=1.5)


def _argv(front: str, port: int) -> list[str]:
    python = sys.executable
    match front:
        case "uvicorn":
            options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
            return [python, "-m", "uvicorn", "--factory", _FACTORY, "--port", str(port), *options]
        case "granian":
            address = ["--host", "127.0.0.1", "--port", str(port)]
            options = ["--interface", "asgi", "--loop", "uvloop", "--no-ws"]
            return [python, "-m", "granian", "--factory", _FACTORY, *address, *options]
        case "hypercorn":
            options = ["--worker-class", "uvloop", "--bind", f"127.0.0.1:{port}"]
            return [python, "-m", "hypercorn", f"{_FACTORY}()", *options]
        case _:
            return [*programs.FONDACO, "serve", "--port", str(port)]


@contextmanager
def serving(front: str, folder: Path, settings: str) -> Iterator[Target]:
    """Run the application over a front on the first core, and yield it with a key."""
    port, home, file = programs.free_port(), folder / front, folder / f"{front}.toml"
    file.write_text(settings)
    variables = [
        f"FONDACO_HOME={home}",
        f"FONDACO_CONFIG={file}",
        "FONDACO_SERVER__DRAIN_DELAY_S=0",
    ]
    argv = ["env", *variables, *_argv(front, port)]
    with programs.running(argv, machine.cores()[0]) as child:
        programs.await_reply(port, "/healthz", child)
        create = [*programs.FONDACO, "keys", "create", "--description", "bench", "--json"]
        made = subprocess.run([*create, "--home", str(home)], check=True, capture_output=True)
        yield Target(child.pid, port, json.loads(made.stdout)["apiKey"])


def main() -> None:
    """Print a table of costs."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as held:
        folder = Path(name)
        tools = programs.compiled(folder)
        upstream = held.enter_context(programs.upstream(tools))
        settings = programs.configuration(upstream)
        targets = {
            front: held.enter_context(serving(front, folder, settings))
            for front in ("fondaco serve", "uvicorn", "granian", "hypercorn")
        }
        print("| front |", " | ".join(_MODELS.values()), "|")
        print("| --- |", " | ".join("--:" for _ in _MODELS), "|")
        found = {}
        for model in _MODELS:
            aims: dict[str, Aim] = {
                front: gateway.aim(folder, target, model) for front, target in targets.items()
            }
            found[model] = gateway.costs(tools, EFFORT, aims)
        for front in targets:
            cells = (f"{found[model][front].cpu_us:.0f}" for model in _MODELS)
            print(f"| {front} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
