"""`fondaco serve`: the server."""

from typing import Annotated

import typer

from fondaco.cli.options import Config, Home, configuration


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any.")] = None,
    allow_remote: Annotated[
        bool | None,
        typer.Option(
            "--allow-remote",
            help="Permit an address that other machines reach. Put TLS in front of it first.",
            show_default=False,
        ),
    ] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Run the server until it is told to stop."""
    loaded = configuration(home, config, host=host, port=port, allow_remote=allow_remote)
    del loaded
