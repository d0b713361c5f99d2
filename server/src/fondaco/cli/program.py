"""The program: command groups and error handling."""

import errno
import logging
import os
import sys
from importlib.util import find_spec
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from fondaco import __version__
from fondaco.cli import enclave, engines, models
from fondaco.cli.accounts import balance, commands as accounts, keys, ledger
from fondaco.cli.accounts.usage import usage
from fondaco.cli.chat.command import chat
from fondaco.cli.configuring import commands as config
from fondaco.cli.configuring.reloading import reload
from fondaco.cli.content import characters, library
from fondaco.cli.exits import Exit
from fondaco.cli.help.examples import add_examples
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.looking.ps import ps
from fondaco.cli.looking.status import status
from fondaco.cli.media import jobs
from fondaco.cli.media.embed import embed
from fondaco.cli.media.image import image
from fondaco.cli.media.transcribe import transcribe
from fondaco.cli.media.tts import tts
from fondaco.cli.media.video import video
from fondaco.cli.openapi import openapi
from fondaco.cli.output import printable
from fondaco.cli.running import dashboard
from fondaco.cli.running.serve import serve
from fondaco.cli.setup import service
from fondaco.cli.setup.completion import VARIABLE, answer_shells, completion
from fondaco.cli.setup.init import init
from fondaco.cli.upkeep.backups import backup, restore
from fondaco.cli.upkeep.doctor import doctor
from fondaco.environment import environment


class _Group(TyperGroup):
    """The commands; errors in options are worded by this program alone."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        add_examples(self)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")  # pydantic's
            raise


program = CommandGroup(
    name="fondaco",
    cls=_Group,
    help="A private AI inference platform: the Venice API, self-hosted and OpenAI-compatible.",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
program.command()(serve)
program.command()(chat)
program.command()(status)
program.command()(ps)
program.command()(reload)
program.add_typer(dashboard.group, name="dashboard")
program.add_typer(accounts.group, name="accounts")
program.add_typer(keys.group, name="keys")
program.add_typer(balance.group, name="balance")
program.command()(usage)
program.add_typer(models.group, name="models")
program.add_typer(engines.group, name="engines")
program.add_typer(enclave.group, name="enclave")
program.add_typer(characters.group, name="characters")
program.add_typer(library.group, name="library")
program.add_typer(jobs.group, name="jobs")
program.add_typer(ledger.group, name="ledger")
program.add_typer(config.group, name="config")
program.command()(embed)
program.command()(image)
program.command()(tts)
program.command()(transcribe)
program.command()(video)
program.command()(init)
program.add_typer(service.group, name="service")
program.command()(doctor)
program.command()(backup)
program.command()(restore)
program.command()(openapi)
program.command()(completion)


_UNSUPPORTED = (
    "This system has no POSIX file locks, which protect the ledger. Fondaco runs on Linux and macOS; "
    "on Windows, run it in WSL."
)


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""A disk that takes no more: of its own files a command says so in an error of ours."""


def run() -> None:
    """Run the command line; whatever a person can put right is one line, not a traceback."""
    if find_spec("fcntl") is None:
        _end(Exit.FAILED, _UNSUPPORTED)
    if VARIABLE in environment():
        answer_shells()
    try:
        program(prog_name="fondaco")
    except KeyboardInterrupt:
        _end(Exit.FAILED, "Interrupted.")
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _drop_output()
        _end(
            Exit.FAILED,
            f"The output could not be written: {error.strerror}. The changes that the command made are "
            "kept.",
        )
    except Exception as error:  # noqa: BLE001 (defects of ours are raised again)
        # Loaded only now: what can go wrong is known to modules that `--help` does without.
        from fondaco.cli.failures import failure

        code, lines = failure(error)
        _end(code, *lines)


@program.callback()
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    # Only `serve` writes a log; any other command says what is the matter itself.
    logging.getLogger("fondaco.incidents").addHandler(logging.NullHandler())
    if version:
        typer.echo(f"fondaco {__version__}")
        raise typer.Exit


def _drop_output() -> None:
    """Send to nowhere what stdout could not write; else the interpreter fails at it again as it ends.

    Source: the Python documentation, signal, "Note on SIGPIPE".
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _end(code: Exit, *lines: str) -> NoReturn:
    for line in lines:
        typer.echo(f"fondaco: {printable(line)}", err=True)
    raise SystemExit(code)
