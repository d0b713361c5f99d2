"""`fondaco ps`: the engines of a running server."""

from typing import Annotated

import typer

from fondaco.cli.connecting.target import KeyOfUrl, Url
from fondaco.cli.looking.engine_rows import TABLE, engine_rows
from fondaco.cli.options import AsJson, Config, Home, Wide
from fondaco.cli.output import print_json, print_rows
from fondaco.cli.progress import busy


def ps(
    *,
    every: Annotated[
        bool, typer.Option("--all", "-a", help="Include engines and models that are not loaded.")
    ] = False,
    url: Url = None,
    key: KeyOfUrl = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> None:
    """List the models that a running server has loaded.

    Shows the engine, state, running and waiting calls, and memory of each. --json prints every engine, as the API
    lists them.
    """
    from fondaco.cli.connecting.api import Api
    from fondaco.cli.looking.running_server import engines, use_server

    async def use(api: Api) -> None:
        with busy("Asking the server"):
            rows = await engines(api)
        if as_json:
            print_json(rows)
        else:
            print_rows(engine_rows(rows, every=every), TABLE, wide=wide)

    use_server(url, key, home, config, use)
