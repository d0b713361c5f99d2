"""`fondaco ledger`: verify the ledger, and work through its quarantine."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.admin_store import opened, timestamp
from fondaco.cli.exits import Exit
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import AsJson, Config, Home, Wide, configuration
from fondaco.cli.output import Row, Table, print_json, print_row, print_rows
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.stores.sqlite.ledger.quarantine import QuarantinedWrite

group = CommandGroup(help="Verify and repair the ledger.")
quarantine = CommandGroup(help="List, retry and discard quarantined writes.")
group.add_typer(quarantine, name="quarantine")

WriteId = Annotated[int, typer.Argument(metavar="ID", help="Id, as listed.")]


@group.command()
def verify(*, home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """Recompute every balance from the ledger's entries.

    Exit code 7 if a balance is wrong or the quarantine holds writes.
    """
    admin_store = opened(configuration(home, config).settings)
    with busy("Verifying the ledger"):
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
        bool, typer.Option("--yes", help="Confirm that the system clock is correct.")
    ] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Accept a clock that the ledger contradicts.

    Without --yes, show the entries and refills dated in the future, and change nothing. With --yes, the next
    server to start follows the clock, and refills again accounts that were refilled for future days.
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
        typer.echo(
            "Nothing was changed. If the clock is correct, add --yes and restart the server."
        )


@quarantine.command("list")
def list_quarantine(
    *, home: Home = None, config: Config = None, as_json: AsJson = False, wide: Wide = False
) -> None:
    """List the writes that failed permanently.

    --json adds the content of each write.
    """
    admin_store = opened(configuration(home, config).settings)
    waiting = admin_store.quarantine()
    rows = [_row(one, whole=as_json) for one in waiting]
    print_rows(rows, Table("The quarantine is empty."), as_json=as_json, wide=wide)


@quarantine.command()
def retry(write_id: WriteId, *, home: Home = None, config: Config = None) -> None:
    """Retry a quarantined write whose cause is fixed.

    An open call is settled when the server next starts.
    """
    admin_store = opened(configuration(home, config).settings)
    admin_store.retry(write_id)
    typer.echo(f"Released from quarantine: {write_id}")


@quarantine.command()
def discard(write_id: WriteId, *, home: Home = None, config: Config = None) -> None:
    """Discard a quarantined write, so that nothing is charged for it."""
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
