"""What other gateways cost: CPU per call and chunk of LiteLLM and Portkey beside nginx and Fondaco, as a table.

Run it as `make bench-peers`, which installs them into environments of their own. All stand before the
same upstream, on one core; they take turns, so that a noisy machine is noisy for all. LiteLLM checks a key
and keeps no database; Portkey checks none; Fondaco does all that it does in production.

python bench/peers.py FOLDER: where the environments `litellm` and `portkey` are.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import gateway
import machine
import programs
from gateway import Aim, Effort
from programs import BenchError, Target

EFFORT = Effort(rounds=3, seconds=2.0)
_KEY = "sk-bench"
_LITELLM = """
model_list:
  - model_name: whole
    litellm_params: {{model: openai/bench, api_base: "http://127.0.0.1:{upstream}/{whole}/v1", api_key: none}}
  - model_name: paced
    litellm_params: {{model: openai/bench, api_base: "http://127.0.0.1:{upstream}/{paced}/v1", api_key: none}}
general_settings: {{master_key: {key}}}
litellm_settings: {{telemetry: false}}
"""
_NO_STREAMS = {"Portkey"}
"""It answers 500 to streams of the static engine."""
_SHAPES = {"whole": programs.AT_ONCE, "paced": programs.PACED}


@contextmanager
def litellm(environment: Path, folder: Path, upstream: int) -> Iterator[Target]:
    """Run LiteLLM's proxy: one worker, no database."""
    port, file = programs.free_port(), folder / "litellm.yaml"
    file.write_text(
        _LITELLM.format(upstream=upstream, whole=programs.AT_ONCE, paced=programs.PACED, key=_KEY)
    )
    argv = [str(environment / "bin" / "litellm"), "--config", str(file), "--host", "127.0.0.1"]
    argv += ["--port", str(port), "--num_workers", "1"]
    with programs.running(["env", "LITELLM_LOG=ERROR", *argv], machine.cores()[0]) as child:
        programs.await_reply(port, "/health/liveliness", child)
        yield Target(child.pid, port, _KEY)


@contextmanager
def portkey(environment: Path) -> Iterator[Target]:
    """Run Portkey's gateway on Node.js."""
    port = programs.free_port()
    server = environment / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    argv = ["node", str(server), f"--port={port}", "--headless"]
    with programs.running(argv, machine.cores()[0]) as child:
        programs.await_reply(port, "/", child)
        yield Target(child.pid, port)


def aims(folder: Path, targets: Mapping[str, Target], upstream: int, model: str) -> dict[str, Aim]:
    """Return the load of whole calls or of paced streams on each target."""
    found: dict[str, Aim] = {}
    shape, streamed = _SHAPES[model], model == "paced"
    chunks = int(shape.partition("x")[0]) if streamed else 0
    for name, target in targets.items():
        if streamed and name in _NO_STREAMS:
            continue
        path, headers = "/v1/chat/completions", dict[str, str]()
        if name == "nginx":
            path = f"/{shape}{path}"
        elif name == "Portkey":
            headers = {
                "x-portkey-provider": "openai",
                "x-portkey-custom-host": f"http://127.0.0.1:{upstream}/{shape}/v1",
            }
        body = {"model": model, "stream": streamed, **gateway.CHAT.question}
        request = programs.request(folder, path, body, target.key or "none", headers)
        found[name] = Aim(
            target, request, chunks, gateway.CHAT.end if streamed else gateway.CHAT.whole
        )
    return found


def main(words: list[str]) -> int:
    """Print a table of costs."""
    if len(words) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    environments = Path(words[0])
    try:
        programs.expect_installed({"nginx", "gcc"})
        with tempfile.TemporaryDirectory() as name, ExitStack() as held:
            folder = Path(name)
            tools = programs.compiled(folder)
            upstream = held.enter_context(programs.upstream(tools))
            settings = programs.configuration(upstream)
            core = machine.cores()[0]
            targets = {
                "nginx": held.enter_context(programs.nginx(folder, upstream)),
                "Fondaco": held.enter_context(
                    programs.fondaco(folder / "home", settings, core=core)
                ),
                "Portkey": held.enter_context(portkey(environments / "portkey")),
                "LiteLLM": held.enter_context(litellm(environments / "litellm", folder, upstream)),
            }
            costs = {
                model: gateway.costs(tools, EFFORT, aims(folder, targets, upstream, model))
                for model in _SHAPES
            }
            memory = {name: machine.rss_mb(target.pid) for name, target in targets.items()}
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    print("| gateway | whole call, us | x nginx | streamed chunk, us | x nginx | memory, MB |")
    print("| --- | --: | --: | --: | --: | --: |")
    for name in targets:
        cells: list[str] = []
        for found in costs.values():
            cost, limit = found.get(name), found["nginx"].cpu_us
            cells += (
                ["", ""] if cost is None else [f"{cost.cpu_us:,.0f}", f"{cost.cpu_us / limit:,.1f}"]
            )
        print(f"| {name} |", " | ".join(cells), f"| {memory[name]:.0f} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
