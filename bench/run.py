"""The benchmark: what Fondaco costs beside a plain proxy, as a table.

python bench/run.py [--quick | --smoke] [--only PART] [--growth]
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import client
import embedded
import footprint
import gateway
import growth
import machine
import metering
import programs
import sealed
import soak
from gateway import Effort
from programs import BenchError, Tools
from table import Figure, markdown

RESULTS = Path(__file__).parent / "results"
_NOT_POSSIBLE = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """How thoroughly to measure."""

    effort: Effort
    starts: int
    output_tokens: int
    """Of each answer of the embedded model."""
    soak_calls: int


FULL = Plan(Effort(rounds=3, seconds=5.0), starts=3, output_tokens=96, soak_calls=20_000)
QUICK = Plan(Effort(rounds=3, seconds=2.0), starts=1, output_tokens=48, soak_calls=20_000)
SMOKE = Plan(Effort(rounds=1, seconds=0.3), starts=1, output_tokens=8, soak_calls=400)

GROWTH = "growth"
"""Only on request: it takes long."""
NEEDS: Mapping[str, frozenset[str]] = {
    "footprint": frozenset(),
    "metering": frozenset(),
    "gateway": frozenset({"gcc", "nginx"}),
    "soak": frozenset({"gcc"}),
    "client": frozenset({"gcc"}),
    "embedded": frozenset({"gcc"}),
    "sealed": frozenset({"gcc"}),
    GROWTH: frozenset({"gcc"}),
}
"""Part -> the programs that it runs beside ours."""
PARTS = tuple(part for part in NEEDS if part != GROWTH)


def main(words: Sequence[str]) -> int:
    """Measure, print the table, and keep it as JSON; return the exit code."""
    options = _options().parse_args(words)
    plan = SMOKE if options.smoke else QUICK if options.quick else FULL
    if options.rounds:
        plan = replace(plan, effort=replace(plan.effort, rounds=options.rounds))
    wanted = options.only or [*PARTS, *([GROWTH] if options.growth else [])]
    about = machine.facts()
    try:
        programs.expect_installed(frozenset().union(*(NEEDS[part] for part in wanted)))
        figures = _measured(wanted, plan)
    except BenchError as error:
        print(error, file=sys.stderr)
        return _NOT_POSSIBLE
    print(f"\n{_described(about, plan)}\n\n{markdown(figures)}")
    print(f"\nKept as {_kept(about, plan, figures)}")
    return 0


def _measured(wanted: Sequence[str], plan: Plan) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="fondaco-bench-") as name:
        folder = Path(name)
        for part in wanted:
            print(f"Measuring: {part}", file=sys.stderr)
            for figure in _part(part, folder, plan):
                print(figure.row(), file=sys.stderr)
                figures.append(figure)
    return figures


def _part(part: str, folder: Path, plan: Plan) -> Iterator[Figure]:
    match part:
        case "footprint":
            return footprint.figures(folder, plan.starts)
        case "metering":
            return metering.figures(folder)
        case _:
            return _loaded(part, folder, programs.compiled(folder), plan)


def _loaded(part: str, folder: Path, tools: Tools, plan: Plan) -> Iterator[Figure]:
    match part:
        case "gateway":
            return gateway.figures(folder, tools, plan.effort)
        case "soak":
            return soak.figures(folder, tools, plan.soak_calls)
        case "client":
            return client.figures(tools)
        case "embedded":
            return embedded.figures(folder, tools, plan.effort, plan.output_tokens)
        case "sealed":
            return sealed.figures(folder, tools, plan.effort)
        case _:
            return growth.figures(folder, tools, plan.effort)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="bench/run.py",
        description="Measure Fondaco beside nginx, on this machine, in one run.",
    )
    how = options.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="shorter rounds: about two minutes")
    how.add_argument("--smoke", action="store_true", help="seconds: shows that it works, no more")
    options.add_argument(
        "--rounds", type=int, help="of each figure; more of them calm a busy machine"
    )
    options.add_argument(
        "--only",
        action="append",
        choices=tuple(NEEDS),
        help="measure this part; may be repeated",
    )
    options.add_argument(
        "--growth", action="store_true", help="also fill a ledger with a million entries"
    )
    return options


def _described(about: Mapping[str, object], plan: Plan) -> str:
    return (
        f"{about['cores']} cores of {about['cpu']}, Python {about['python']}; "
        f"load before {about['load']:.2f}, a step of a Python loop {about['step_ns']:.0f} ns; "
        f"medians of {plan.effort.rounds} rounds of {plan.effort.seconds:g} s"
    )


def _kept(about: Mapping[str, object], plan: Plan, figures: Sequence[Figure]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    kept = {
        "machine": about,
        "rounds": plan.effort.rounds,
        "seconds": plan.effort.seconds,
        "figures": [figure.as_json() for figure in figures],
    }
    path.write_text(json.dumps(kept, indent=2) + "\n")
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
