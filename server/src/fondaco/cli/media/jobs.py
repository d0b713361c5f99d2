"""`fondaco jobs`: the videos that are queued, made and kept."""

from pathlib import Path
from typing import Annotated

import typer

from fondaco.cli.admin_store import opened, timestamp
from fondaco.cli.connecting.target import KeyOfUrl, NoServer, Url, chosen_target
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.made_files import expect_writable
from fondaco.cli.options import AsJson, Config, Force, Home, Wide, configuration
from fondaco.cli.output import Row, Table, print_rows

group = CommandGroup(help="List and retrieve video jobs.")
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


@group.command()
def retrieve(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="Model that makes the video, by any of its names."),
    ],
    queue_id: Annotated[
        str,
        typer.Argument(
            metavar="QUEUE_ID", help="Id that `fondaco video` or POST /video/queue returned."
        ),
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="File to write.")
    ] = Path("video.mp4"),
    force: Force = False,
    url: Url = None,
    key: KeyOfUrl = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Wait for a video that was queued earlier, and save it.

    The server then deletes its copy.
    """
    from fondaco.cli.connecting.target import no_server
    from fondaco.cli.media.made_video import report_video, resuming_options, retrieved
    from fondaco.cli.media.video_job import PendingVideo

    expect_writable(output, force=force)
    with chosen_target(url, key, home, config) as target:
        if isinstance(target, NoServer):
            raise no_server(target)
        options = resuming_options(url, key, home, config)
        made = retrieved(target, PendingVideo(model, queue_id), output, options)
    report_video(made, output, as_json=as_json)
