"""`fondaco status`: a running server on one screen."""

import sys
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.connecting.target import KeyOfUrl, Url
from fondaco.cli.looking.engine_rows import TABLE, engine_rows, megabytes
from fondaco.cli.options import AsJson, Config, Home
from fondaco.cli.output import Row, is_styled, print_json, print_row, print_rows
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.cli.connecting.api import Api

_INTERVAL_S = 2.0
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_HOME = "\x1b[H\x1b[J"
"""Moves to the top, and erases the screen from there; the lines that scrolled away stay."""


def status(
    *,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Refresh every two seconds until Ctrl-C.")
    ] = False,
    url: Url = None,
    key: KeyOfUrl = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show the state of a running server.

    Prints its version, readiness, calls, charges of today, balance and loaded engines.
    """
    import anyio

    from fondaco.cli.looking.running_server import use_server

    async def use(api: "Api") -> None:
        await _show(api, as_json=as_json)
        while watch:
            await anyio.sleep(_INTERVAL_S)
            await _show(api, as_json=as_json, over=is_styled(sys.stdout))

    try:
        use_server(url, key, home, config, use)
    except KeyboardInterrupt:
        if not watch:
            raise


async def _show(api: "Api", *, as_json: bool, over: bool = False) -> None:
    """Show the state; `over`: in place of what the screen shows, once the new state is here."""
    from fondaco.cli.looking.running_server import engines, fields, inside

    with nullcontext() if over else busy("Asking the server"):
        told = await fields(api, "/operator/status")
        limits = await fields(api, "/api_keys/rate_limits")
        balances = inside(limits, "data", "balances")
        rows = await engines(api)
    if over:
        typer.echo(_HOME, nl=False)
    if as_json:
        print_json({**told, "balances": balances, "engines": rows})
        return
    print_row(_row(told, balances), as_json=False)
    typer.echo()
    print_rows(engine_rows(rows), TABLE)


def _row(told: Mapping[str, object], balances: object) -> Row:
    from fondaco.cli.looking.running_server import inside

    reason = told.get("reason")
    today = [inside(told, "charges", "today", one) for one in ("usd", "diem", "calls")]
    return {
        "server": f"Fondaco {told.get('version')} at {told.get('url')}, process {told.get('pid')}",
        "up": _since(told.get("startedAt")),
        "ready": "yes" if told.get("ready") else f"no: {reason}",
        "calls": f"{_number(told.get('callsRunning'))} running, "
        f"{_number(told.get('callsPerMinute'))} a minute, "
        f"{_number(told.get('tokensPerSecond'))} tokens/s",
        "memory": megabytes(told.get("memoryBytes")),
        "today": f"{_usd(today[0])} and {_diem(today[1])} DIEM for {_number(today[2])} "
        f"{'call' if today[2] == 1 else 'calls'}",
        "balance": f"{_usd(inside(balances, 'USD'))} and {_diem(inside(balances, 'DIEM'))} DIEM",
    }


def _since(started: object) -> str | None:
    """Return for how long a server has run; None: it does not tell."""
    from datetime import datetime

    from fondaco.system import SystemClock

    if not isinstance(started, str):
        return None
    try:
        began = datetime.fromisoformat(started)
    except ValueError:
        return None
    return _duration(max(0.0, SystemClock().now() - began.timestamp()))


def _duration(seconds: float) -> str:
    """Return a time for people.

    >>> _duration(90), _duration(3_700), _duration(200_000)
    ('1 min', '1 h 1 min', '2 d 7 h')
    """
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
    return f"{whole // _DAY_S} d {whole % _DAY_S // _HOUR_S} h"


def _number(value: object) -> str:
    """Return a number for people, whole or with one place."""
    if not isinstance(value, (int, float)):
        return "-"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _diem(value: object) -> str:
    """Return an amount for people, with four places at most.

    >>> _diem(4), _diem(99.9795), _diem(0.5)
    ('4', '99.9795', '0.5')
    """
    return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, (int, float)) else "-"


def _usd(value: object) -> str:
    return f"${value:,.4f}" if isinstance(value, (int, float)) else "-"
