"""Writes the reference pages that the code itself knows: settings and the command line.

`python docs/reference/generate.py` writes them, `--check` says whether they are up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperOption
from typer.main import get_command

from fondaco.cli.exits import Exit
from fondaco.cli.help.examples import HEADING
from fondaco.cli.program import program
from fondaco.configuration.schema import ANY, REQUIRED, KeyPath, settings_table, variable
from fondaco.configuration.writing import literal

HERE = Path(__file__).parent
BAR = r"\|"
"""A bar in a cell of a table."""
NOTE = (
    "<!-- Written by docs/reference/generate.py; change the code, then run `make reference`. -->\n"
)


def settings_page() -> str:
    """Return the page of all settings."""
    intro = """# Settings

Each value comes from the first of these that names it:

1. a flag of `fondaco serve`,
2. the environment: `FONDACO_SECTION__KEY` as below (a list is separated by commas; in a name of your
   own, `NAME`, whatever is no letter or digit is written `_`),
3. the TOML file: `--config FILE`, else `FONDACO_CONFIG`, else `fondaco.toml` in the home folder,
4. `catalogue.d/*.toml` in the home folder: models and engines that commands added,
5. the default.

`fondaco config show --origin` prints what is in force and where each value comes from,
`fondaco config check` says whether it can be used, and `fondaco config init` writes a file to start
from. Unknown keys and unknown `FONDACO_` variables are refused. A secret is never written here, only
where it lies: `env:NAME` or `file:/PATH`.

Your own `[models.ID]`, `[engines.NAME]` and `[aliases]` are laid over the built-in ones, key by key;
models of your own come first where several have a trait.
"""
    tables: dict[KeyPath, list[str]] = {}
    for path, setting in settings_table().items():
        default = setting.default
        cells = [
            f"`{named(path[-1])}`",
            setting.kind,
            "required"
            if default is REQUIRED
            else ""
            if default is None
            else f"`{literal(default)}`",
            setting.description,
            f"`{variable(tuple(map(named, path)))}`",
        ]
        tables.setdefault(path[:-1], []).append(f"| {' | '.join(cells)} |")
    head = "| key | takes | default | meaning | variable |\n| --- | --- | --- | --- | --- |\n"
    sections = (
        f"\n## {'`[' + '.'.join(map(named, table)) + ']`' if table else 'Top level'}\n\n{head}"
        + "\n".join(rows)
        + "\n"
        for table, rows in tables.items()
    )
    return f"{NOTE}{intro}{''.join(sections)}"


def commands_page() -> str:
    """Return the page of all commands."""
    codes = "\n".join(f"| {int(code)} | {code.meaning} |" for code in Exit)
    intro = f"""# Command line

<!--- skip: start "Examples of the help, which name files and engines of a reader." -->

Every command takes `--help`; every list and every command that makes something takes `--json`. Errors
are one line on stderr. Colours appear on a terminal only, and not with `NO_COLOR` set.

| exit code | meaning |
| --: | --- |
{codes}
"""
    return NOTE + intro + "".join(command_sections())


def command_sections() -> Iterator[str]:
    """Yield a section for each command, groups unfolded."""
    waiting = [("fondaco", get_command(program))]
    while waiting:
        name, command = waiting.pop(0)
        if children := getattr(command, "commands", None):
            waiting[:0] = [(f"{name} {part}", child) for part, child in children.items()]
            continue
        given = [
            p.metavar or p.name.upper() for p in command.params if p.param_type_name == "argument"
        ]
        options = [p for p in command.params if p.param_type_name == "option"]
        text, _, examples = command.help.partition(f"\n\n\b\n{HEADING}\n")
        yield f"\n## `{' '.join([name, *given])}`\n\n{text}\n"
        if examples:
            yield (
                "\n```console\n"
                + "".join(f"$ {line.strip()}\n" for line in examples.splitlines())
                + "```\n"
            )
        if options:
            rows = "\n".join(map(option_row, options))
            yield f"\n| option | meaning |\n| --- | --- |\n{rows}\n"


def option_row(option: TyperOption) -> str:
    """Return an option's row of the table."""
    taken = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    default = ""
    if option.show_default and not option.is_flag and option.default not in (None, "", ()):
        default = f" Default: {option.default}."
    row = f"`{option.opts[0]}{taken}` | {option.help}{default}"
    return f"| {row.replace('|', BAR).replace(f' {BAR} ', ' | ', 1)} |"


def named(part: str) -> str:
    """Return a part of a path, a name of one's own as `NAME`."""
    return "NAME" if part == ANY else part


PAGES = {"settings.md": settings_page, "command-line.md": commands_page}


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    stale = [name for name, page in PAGES.items() if current(name) != page()]
    if "--check" in arguments:
        for name in stale:
            sys.stderr.write(f"docs/reference/{name} is out of date: run `make reference`.\n")
        return 1 if stale else 0
    for name in stale:
        (HERE / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"Written: docs/reference/{name}\n")
    return 0


def current(name: str) -> str:
    """Return a page as it stands, or nothing."""
    path = HERE / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
