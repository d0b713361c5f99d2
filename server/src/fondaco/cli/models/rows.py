"""Catalogue entries that commands write, and the prices in them."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from fondaco.configuration.layers import Tree


def prices_of(text: str) -> "Tree":
    """Return the prices that an option names.

    Raises:
        typer.BadParameter: it names none.
    """
    from fondaco.configuration.own_files import price_of

    try:
        return price_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--price") from None


def keep_row(path: Path, model_id: str, row: "Tree", *, config: Path | None) -> None:
    """Write a model's catalogue entry, if the configuration can be used with it.

    Raises:
        ConfigurationError: it cannot.
    """
    from fondaco.configuration import added, load

    tables: Tree = {"models": {model_id: row}}
    load({"home": path.parent.parent}, config=config, trial={path: added.normal(tables)})
    added.write(path, "model", tables)
