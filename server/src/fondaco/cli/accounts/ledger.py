"""`fondaco ledger`: verify the ledger, and work through its quarantine."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.admin_store import opened, timestamp
from fondaco.cli.exits import Exit
from fondaco.cli.options import AsJson, Config, Home, Wide, configuration
from fondaco.cli.output import Row, Table, print_json, print_row, print_rows

if TYPE_CHECKING:
    from fondaco.stores.sqlite.ledger.quarantine import QuarantinedWrite

group = typer.Typer(no_args_is_help=True, help="Verify and repair the ledger.")
quarantine = typer.Typer(no_args_is_help=True, help="List, retry and discard quarantined writes.")
group.add_typer(quarantine, name="quarantine")

WriteId = Annotated[int, typer.Argument(metavar="ID", help="The id, as listed.")]


@group.command()
def verify(*, home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """Recompute every balance from the entries. Exit code 7 where one is wrong or something waits."""
    admin_store = opened(configuration(home, config).settings)
    findings = admin_store.verify()
    if as_json:
        print_json({"sound": not findings, "findings": findings})
    else:
        for line in findings or ["The ledger adds up."]:
            typer.echo(line)
    if findings:
        raise typer.Exit(Exit.UNSOUND)


@group.command("repair-epoch")
def repair_epoch(
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Confirm that the system clock is right.")
    ] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say that the clock is right, where entries contradict it.

    Without --yes it shows what contradicts, and changes nothing. With it, a server that is started
    next goes by the clock, and refills accounts again that were refilled for days to come.
    """
    from fondaco.system import SystemClock

    admin_store = opened(configuration(home, config).settings)
    ahead = admin_store.ahead_of_clock()
    if yes:
        admin_store.trust_clock()
    fields = {
        "clock": timestamp(SystemClock().now()),
        "lastEntry": timestamp(ahead.last_entry),
        "entriesAfterTomorrow": ahead.entries,
        "accountsRefilledAfterTomorrow": list(ahead.accounts),
        "clockTrusted": yes,
    }
    print_row(fields, as_json=as_json)
    if not yes and not as_json:
        typer.echo("Nothing was changed. If the clock is right, add --yes and restart the server.")


@quarantine.command("list")
def list_quarantine(
    *, home: Home = None, config: Config = None, as_json: AsJson = False, wide: Wide = False
) -> None:
    """List writes that could never be made. With --json also what was to be written."""
    admin_store = opened(configuration(home, config).settings)
    waiting = admin_store.quarantine()
    rows = [_row(one, whole=as_json) for one in waiting]
    print_rows(rows, Table("Nothing is in the quarantine."), as_json=as_json, wide=wide)


@quarantine.command()
def retry(write_id: WriteId, *, home: Home = None, config: Config = None) -> None:
    """Write it after all, if what was in its way is gone. An open call is settled at a start."""
    admin_store = opened(configuration(home, config).settings)
    admin_store.retry(write_id)
    typer.echo(f"Taken out of the quarantine: {write_id}")


@quarantine.command()
def discard(write_id: WriteId, *, home: Home = None, config: Config = None) -> None:
    """Let it wait no longer: nothing is charged for it."""
    admin_store = opened(configuration(home, config).settings)
    admin_store.discard(write_id)
    typer.echo(f"Discarded: {write_id}")


def _row(one: "QuarantinedWrite", *, whole: bool) -> Row:
    row: dict[str, object] = {
        "id": one.id,
        "kind": one.kind,
        "reason": one.reason.value,
        "lastTriedAt": timestamp(one.at),
        "tries": one.tries,
        "account": one.account,
        "callId": one.call_id,
    }
    return {**row, "details": json.loads(one.details)} if whole else row
