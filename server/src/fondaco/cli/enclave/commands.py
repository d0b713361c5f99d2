"""`fondaco enclave`: run the process that alone reads encrypted chat, apart from its gateway."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from fondaco.cli.enclave.verify import verify
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import Config, Home, configuration, warn
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.settings import Settings

group = CommandGroup(
    invoke_without_command=True,
    help="Run or verify an enclave for confidential chat.\n\nA server starts its own enclave. To run it "
    "on another host, start it there without a COMMAND, and set enclave.base_url in the server's "
    "configuration to its address.",
)
group.command()(verify)
TokenVariable: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Environment variable that holds the gateway token; default: enclave.token of the "
        "configuration.",
        show_default=False,
    ),
]


@group.callback()
def run(
    context: typer.Context,
    *,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Address to listen on; default: 127.0.0.1:8100; port 0 picks a free port.",
            show_default=False,
        ),
    ] = None,
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Allow a non-loopback address; use a private network, or a TLS proxy in front.",
        ),
    ] = False,
    token_env: TokenVariable = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Run an enclave.

    A server starts one itself unless its configuration names another.
    """
    if context.invoked_subcommand is not None:
        return
    from fondaco.app import ListenAddressError
    from fondaco.app.enclave.standalone import run_enclave
    from fondaco.enclave.identity_key import IdentityKeyError

    loaded = configuration(home, config)
    warn(loaded)
    settings = _with_token(loaded.settings, token_env)
    settings = _with_address(settings, listen, allow_remote=allow_remote)
    try:
        run_enclave(settings, lambda url: typer.echo(f"The enclave listens on {url}"))
    except ListenAddressError as error:
        raise FailedError(str(error), Exit.ADDRESS) from error
    except IdentityKeyError as error:
        raise FailedError(str(error), Exit.HOME) from error


@group.command()
def rotate(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL",
            help="Address of the enclave; default: the enclave of the running server.",
        ),
    ] = None,
    *,
    token_env: TokenVariable = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Replace the keys of an enclave.

    Clients then fetch its attestation again.
    """
    settings = configuration(home, config).settings
    if url is None:
        pid = _asked_to_rotate(settings.home)
        typer.echo(f"The running server (pid {pid}) is replacing the keys of its enclave.")
        return
    from fondaco.app.enclave.standalone import rotated_keys
    from fondaco.domain.errors import EngineError

    try:
        with busy("Replacing the keys of the enclave"):
            identity = rotated_keys(_with_token(settings, token_env), url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None
    except EngineError as error:
        raise FailedError(str(error), Exit.UNREACHABLE) from error
    typer.echo(f"The enclave {identity.workload_id} has new keys: {identity.keyset_digest}")


def _asked_to_rotate(folder: Path) -> int:
    """Ask the server of a home to have its enclave replace its keys; return the server's process id.

    Raises:
        FailedError: none runs, or it cannot be asked.
    """
    import signal

    from fondaco.cli.configuring.reloading import Answer, Told, server_state, signalled
    from fondaco.stores.server_lock import Reloads

    state = server_state(folder)
    if state is None:
        raise FailedError(str(Told(Answer.NO_SERVER, folder)))
    if not state.is_here:
        raise FailedError(
            f"A server in another container runs on {str(folder)!r}. Run this command in "
            "that container."
        )
    if state.reloads is not Reloads.YES:
        raise FailedError(
            f"The running server (pid {state.pid}) does not take commands, or not yet. Restart it, "
            "which also replaces the keys."
        )
    if signalled(state.pid, signal.SIGUSR1):
        raise FailedError(
            f"The running server (pid {state.pid}) belongs to another user. Run the "
            "command as that user."
        )
    return state.pid


def _with_token(settings: "Settings", variable: str | None) -> "Settings":
    if variable is None:
        return settings
    chosen = settings.enclave.model_copy(update={"token": f"env:{variable}"})
    return settings.model_copy(update={"enclave": chosen})


def _with_address(settings: "Settings", listen: str | None, *, allow_remote: bool) -> "Settings":
    """Return settings with the address of the command line.

    Raises:
        typer.BadParameter: it is no address.
    """
    update: dict[str, object] = {"allow_remote": allow_remote or settings.enclave.allow_remote}
    if listen is not None:
        host, _, port = listen.rpartition(":")
        most = 65_535
        if not host or not port.isascii() or not port.isdecimal() or int(port) > most:
            raise typer.BadParameter(
                f"{listen!r} is not a HOST:PORT such as 127.0.0.1:8100.", param_hint="--listen"
            )
        update |= {"host": host.removeprefix("[").removesuffix("]"), "port": int(port)}
    chosen = settings.enclave.model_copy(update=update)
    return settings.model_copy(update={"enclave": chosen})
