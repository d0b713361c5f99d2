"""Groups of commands whose help lists many options by what they are for."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import typer
from typer.core import TyperCommand

SERVER: Final = "Server options"
OUTPUT: Final = "Output options"
GLOBAL: Final = "Global options"
_LAST = (SERVER, OUTPUT, GLOBAL)
"""Panels that many commands share, after their own."""
_MOST_IN_ONE_LIST = 8


_UsageError: Any = typer.BadParameter.__base__
"""The error of arguments that do not fit, which typer does not export."""


class PanelCommand(TyperCommand):
    """A command; options are in panels where there are many."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Read the arguments; a superfluous one may be an account, which is an option everywhere."""
        try:
            return super().parse_args(ctx, args)
        except _UsageError as error:
            takes_account = any(one.name == "account" for one in self.get_params(ctx))
            if takes_account and "unexpected extra argument" in error.message:
                error.message += ". Name the account with: --account NAME"
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line: arguments by their names, in brackets where they may be left out."""
        return [self.options_metavar or "", *map(_usage, _arguments(self, ctx))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options."""
        if arguments := [
            (one.display_name_raw, one.get_help_record(ctx)[1]) for one in _arguments(self, ctx)
        ]:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        for title, records in _panels(self, ctx).items():
            with formatter.section(title):
                formatter.write_dl(records)


class CommandGroup(typer.Typer):
    """A group of such commands; without an argument it shows its help, unless it runs by itself."""

    def __init__(self, **options: Any) -> None:
        """Prepare; takes what `typer.Typer` takes."""
        runs_alone = options.get("invoke_without_command", False)
        super().__init__(**{"no_args_is_help": not runs_alone, **options})

    def command(self, name: str | None = None, **options: Any) -> Callable[..., Any]:
        """Add a command; takes what `typer.Typer.command` takes."""
        return super().command(name, **{"cls": PanelCommand, **options})


def _arguments(command: PanelCommand, ctx: Any) -> Iterator[Any]:
    for one in command.get_params(ctx):
        if one.param_type_name == "argument" and one.get_help_record(ctx) is not None:
            yield one


def _usage(argument: Any) -> str:
    # A name such as `[TEXT]...` says by itself that it may be left out.
    name = str(argument.display_name_raw)
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _panels(command: PanelCommand, ctx: Any) -> dict[str, list[tuple[str, str]]]:
    """Return the records of options by the title of their panel."""
    found = dict[str, list[tuple[str, str]]]({"Options": []})
    options = [one for one in command.get_params(ctx) if one.param_type_name == "option"]
    shown = [(one, record) for one in options if (record := one.get_help_record(ctx)) is not None]
    for option, record in shown:
        is_grouped = len(shown) > _MOST_IN_ONE_LIST
        panel = GLOBAL if option.name == "help" else getattr(option, "rich_help_panel", None)
        found.setdefault(panel if is_grouped and panel else "Options", []).append(record)
    order = [*(title for title in found if title not in _LAST), *_LAST]
    return {title: found[title] for title in order if found.get(title)}
