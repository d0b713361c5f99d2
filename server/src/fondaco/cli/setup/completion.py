"""`fondaco completion`: the script by which a shell completes commands, options and names."""

from enum import StrEnum
from typing import Annotated

import typer


class Shell(StrEnum):
    """Shells that complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


VARIABLE = "_FONDACO_COMPLETE"
"""Set by the shell when it asks for completions. Source: typer, `shell_complete`."""


_ZSH_AUTOLOADED = """
# A file of $fpath is run at the first completion, which it has to answer, too.
[[ $funcstack[1] = _fondaco ]] && _fondaco_completion "$@"
"""


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="Shell: bash, zsh or fish.")],
) -> None:
    """Print a shell completion script."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # documented there

    script = get_completion_script(prog_name="fondaco", complete_var=VARIABLE, shell=shell.value)
    typer.echo(f"{script}{_ZSH_AUTOLOADED}" if shell is Shell.ZSH else script)


def answer_shells() -> None:
    """Prepare to answer a shell that asks for completions."""
    from typer.completion import completion_init  # type: ignore[attr-defined]  # likewise

    completion_init()
