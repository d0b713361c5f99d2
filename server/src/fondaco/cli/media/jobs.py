"""`fondaco jobs`: the videos that are queued, made and kept."""

import typer

from fondaco.cli.admin_store import opened, timestamp
from fondaco.cli.options import AsJson, Config, Home, Wide, configuration
from fondaco.cli.output import Row, Table, print_rows

group = typer.Typer(no_args_is_help=True, help="List video jobs.")
_TABLE = Table(
    "No jobs.",
    optional=("attempts", "startedAt", "endedAt", "id", "failure", "heldUsd"),
    flexible="id",
)


@group.command("list")
def list_jobs(
    *, home: Home = None, config: Config = None, as_json: AsJson = False, wide: Wide = False
) -> None:
    """List jobs, oldest first.

    Prompts and files are encrypted, and not shown.
    """
    from fondaco.domain.money.money import decimal

    rows: list[Row] = [
        {
            "id": job.id,
            "account": account,
            "model": job.model,
            "state": job.state.value,
            "progress": f"{job.progress:.0%}",
            "attempts": job.attempts,
            "heldUsd": decimal(0 if job.ended else job.held.total),
            "madeAt": timestamp(job.made_at),
            "startedAt": timestamp(job.started_at),
            "endedAt": timestamp(job.ended_at),
            "failure": None if job.failure is None else job.failure.value,
        }
        for account, job in opened(configuration(home, config).settings).jobs()
    ]
    print_rows(rows, _TABLE, as_json=as_json, wide=wide)
