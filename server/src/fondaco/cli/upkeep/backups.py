"""`fondaco backup` and `fondaco restore`."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace as changed
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from fondaco import __version__
from fondaco.cli.admin_store import timestamp
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.options import AsJson, Config, Home
from fondaco.cli.output import print_json
from fondaco.cli.progress import progress

if TYPE_CHECKING:
    from fondaco.stores.backup.creating import Backup
    from fondaco.stores.backup.restoring import Restored

_PIPE = Path("-")


def backup(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Archive to write; in a folder, a file named after the time; - for standard output.",
        ),
    ],
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Back up the home folder, even while the server runs.

    The archive holds the database, pepper, fondaco.toml, added models and engines, characters, workflows, document
    library and enclave identity, but no model files. Keep it secret.
    """
    from fondaco.stores.backup.staging import staging

    folder = _home_with_database(home, config)
    outside = tuple(_outside(folder, config))
    if file != _PIPE:
        made = _created(folder, _target(file), force=force)
        made = changed(made, findings=(*made.findings, *outside))
        _report(made, str(_target(file)), as_json=as_json)
        return
    if sys.stdout.isatty():
        raise FailedError(
            "The archive is binary and cannot be written to a terminal. Name a file, or "
            "redirect standard output.",
            Exit.USAGE,
        )
    with staging(folder) as stage:
        made = _created(folder, stage / "backup", force=False)
        with (stage / "backup").open("rb") as archive:
            shutil.copyfileobj(archive, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    _warn((*made.findings, *outside))


def restore(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Archive that `fondaco backup` wrote; - for standard input."
        ),
    ],
    *,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Replace existing state, and keep it in a subfolder of the home folder.",
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Verify the archive without restoring it."),
    ] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Restore the home folder from a backup.

    Stop the server first. Every file is checked against its hash before anything changes, and the restored
    ledger is verified. Logins to the dashboard are not restored. Exit code 7 if the ledger does not add up or the
    quarantine holds writes.
    """
    from fondaco.configuration import home_folder
    from fondaco.stores.backup.restoring import check_backup, restore_backup

    folder = home_folder(home, config)
    with _opened(file) as archive, progress("Unpacking", lines=False) as advance:
        if check:
            done = check_backup(archive, _scratch(file), advance)
        else:
            kept_name = f"before-restore-{_stamp()}" if replace else None
            done = restore_backup(archive, folder, kept_name=kept_name, progress=advance)
    _report_restored(done, folder, check=check, as_json=as_json)
    if done.findings:
        raise typer.Exit(Exit.UNSOUND)


def _home_with_database(home: Path | None, config: Path | None) -> Path:
    """Return the home folder; a configuration that cannot be used is backed up as it is.

    Raises:
        FailedError: it has no database.
    """
    from fondaco.configuration import home_folder
    from fondaco.stores.home import Home as HomeFolder

    folder = home_folder(home, config)
    if not HomeFolder.database_in(folder).is_file():
        raise FailedError(
            f"The home folder {str(folder)!r} has no database, so there is nothing to back up. "
            "Name another one with --home.",
            Exit.HOME,
        )
    return folder


def _outside(folder: Path, config: Path | None) -> Iterator[str]:
    """Yield a warning if the configuration in force is a file that the backup does not hold."""
    from fondaco.configuration import chosen_file

    chosen = chosen_file(config)
    if chosen is not None and chosen.resolve() != (folder / "fondaco.toml").resolve():
        yield (
            f"The configuration file {str(chosen)!r} is not included, because it is not the home folder's "
            "fondaco.toml. Back it up separately."
        )


def _target(file: Path) -> Path:
    return file / f"fondaco-{_stamp()}.tar.gz" if file.is_dir() else file


def _stamp() -> str:
    """Return the time as a part of a file's name."""
    from fondaco.system import SystemClock

    return str(timestamp(SystemClock().now())).replace("-", "").replace(":", "")


def _created(folder: Path, target: Path, *, force: bool) -> "Backup":
    from fondaco.stores.backup.creating import create_backup
    from fondaco.system import SystemClock

    with progress("Backing up", lines=False) as advance:
        return create_backup(
            folder,
            target,
            version=__version__,
            created_at=str(timestamp(SystemClock().now())),
            replace=force,
            progress=advance,
        )


def _report(made: "Backup", name: str, *, as_json: bool) -> None:
    _warn(made.findings)
    if as_json:
        print_json(
            {
                "file": name,
                "bytes": made.bytes,
                "createdAt": made.manifest.created_at,
                "version": made.manifest.version,
                "schema": made.manifest.schema,
                "files": [asdict(one) for one in made.manifest.files],
                "notIncluded": list(made.left_out),
                "findings": list(made.findings),
            }
        )
        return
    count = len(made.manifest.files)
    typer.echo(f"Backed up: {name} ({_size(made.bytes)}, {count} files)")
    if made.left_out:
        typer.echo(f"Not included: {', '.join(made.left_out)}")


def _size(count: int) -> str:
    """Return a number of bytes for people.

    >>> _size(1), _size(40_200), _size(7_250_000)
    ('1 kB', '41 kB', '7.2 MB')
    """
    return f"{count / 1e6:,.1f} MB" if count >= 10**6 else f"{-(-count // 1000)} kB"


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if file == _PIPE:
        yield sys.stdin.buffer
        return
    try:
        archive = file.open("rb")
    except OSError as error:
        raise FailedError(f"The file {str(file)!r} cannot be read: {error.strerror}.") from error
    with archive:
        yield archive


def _scratch(file: Path) -> Path:
    """Return the folder in which an archive is unpacked to be checked: beside it, if that can be written."""
    import os
    from tempfile import gettempdir

    beside = file.absolute().parent
    return beside if file != _PIPE and os.access(beside, os.W_OK) else Path(gettempdir())


def _report_restored(done: "Restored", folder: Path, *, check: bool, as_json: bool) -> None:
    _warn((*done.warnings, *done.findings))
    manifest = done.manifest
    if as_json:
        print_json(
            {
                "home": None if check else str(folder),
                "createdAt": manifest.created_at,
                "version": manifest.version,
                "schema": manifest.schema,
                "files": len(manifest.files),
                "kept": str(done.kept) if done.kept else None,
                "ledger": {"sound": not done.findings, "findings": list(done.findings)},
                "warnings": list(done.warnings),
            }
        )
        return
    written = f"{len(manifest.files)} files, backed up {manifest.created_at} by {manifest.version}"
    typer.echo(f"Complete: {written}" if check else f"Restored: {folder} ({written})")
    if not done.findings:
        typer.echo("The ledger adds up.")
    if done.kept:
        typer.echo(f"Replaced state kept in: {done.kept}")


def _warn(lines: tuple[str, ...]) -> None:
    for line in lines:
        typer.echo(f"fondaco: warning: {line}", err=True)
