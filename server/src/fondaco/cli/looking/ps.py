"""`fondaco ps`: the engines of a running server."""

from typing import Annotated

import typer

from fondaco.cli.connecting.target import KeyOfUrl, Url
from fondaco.cli.looking.engine_rows import IS_LOADED, TABLE, engine_row
from fondaco.cli.options import AsJson, Config, Home, Wide
from fondaco.cli.output import print_json, print_rows


def ps(
    *,
    every: Annotated[
        bool, typer.Option("--all", "-a", help="Also engines that have loaded nothing.")
    ] = False,
    url: Url = None,
    key: KeyOfUrl = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> None:
    """List the engines that a running server has loaded.

    Each with its models, slots in use, calls that wait, and memory.
    """
    from fondaco.cli.connecting.api import Api
    from fondaco.cli.looking.running_server import engines, use_server

    async def use(api: Api) -> None:
        rows = await engines(api)
        shown = [row for row in rows if every or row.get("state") in IS_LOADED]
        if as_json:
            print_json(shown)
        else:
            print_rows([engine_row(row) for row in shown], TABLE, wide=wide)

    use_server(url, key, home, config, use)
