"""The enclave as a program that an operator runs, on this host or another one than its gateway's."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Final

import anyio

from fondaco.app.enclave.program import serve_enclave
from fondaco.app.listening import ListenAddressError, bound_to
from fondaco.app.logs import log_to_stderr
from fondaco.clients.connect import connect
from fondaco.configuration import ENCLAVE
from fondaco.domain.confidential.sealed import EnclaveIdentity
from fondaco.domain.errors import EngineUnavailableError
from fondaco.enclave.hardening import harden_enclave
from fondaco.engines.enclave.engine import RemoteEnclave
from fondaco.environment import ConfigurationError, secret
from fondaco.hostnames import is_loopback
from fondaco.settings import Settings
from fondaco.stores.home import Home
from fondaco.system import SystemClock

_SHORTEST_TOKEN: Final = 16


def run_enclave(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run an enclave until a signal ends it.

    Args:
        settings: its own, of which `enclave.token` is what gateways have to show.
        announce: called with its address, once connections are accepted.

    Raises:
        ListenAddressError: the address is in use, not this machine's, or not permitted.
        ConfigurationError: the token is missing, or could be guessed.
        HomeUnusableError: the home folder cannot be written.
        IdentityKeyError: the file of the identity key cannot be used.
        EvidenceUnavailableError: the configuration asks for hardware that is not here.
    """
    token = token_of(settings)
    if len(token) < _SHORTEST_TOKEN:
        raise ConfigurationError(
            f"enclave.token has {len(token)} characters, and could be guessed; the least is {_SHORTEST_TOKEN}. "
            "Make one of 32 random bytes, for both sides: openssl rand -hex 32"
        )
    chosen, server = settings.enclave, settings.server
    if not is_loopback(chosen.host) and not chosen.allow_remote:
        raise ListenAddressError(
            f"{chosen.host!r} can be reached by other machines, and the token would travel in the clear. "
            "Use a private network or put a proxy with TLS in front of it, then say --allow-remote."
        )
    harden_enclave()
    Home(settings.home)
    with ExitStack() as held:
        output = log_to_stderr(
            server.log_level, server.log_format, access=False, monotonic=SystemClock.monotonic
        )
        held.callback(output.close)
        bound = held.enter_context(bound_to(chosen.host, chosen.port))
        shown = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
        started = partial(announce, f"http://{shown}:{bound.getsockname()[1]}")
        serve = partial(serve_enclave, settings, bound, token, started, signals=True)
        anyio.run(serve, backend_options={"use_uvloop": sys.platform != "win32"})


def rotated_keys(settings: Settings, url: str) -> EnclaveIdentity:
    """Have the enclave at an address replace its keys; return what it is called from now on.

    Raises:
        ConfigurationError: the token is missing.
        EngineError: the enclave cannot be reached, or refuses the token.
    """
    return anyio.run(_rotated, url, token_of(settings))


async def _rotated(url: str, token: str) -> EnclaveIdentity:
    client = connect(url, key=token, total_timeout_s=30)
    try:
        return await RemoteEnclave(ENCLAVE, client).rotate()
    except EngineUnavailableError as error:
        raise EngineUnavailableError(
            f"{url}: The enclave does not answer. Does it run, and is this its own address?"
        ) from error
    finally:
        await client.aclose()


def token_of(settings: Settings) -> str:
    """Return the token that an enclave and its gateways share.

    Raises:
        ConfigurationError: it is missing.
    """
    token = secret(settings.enclave.token)
    if not token:
        raise ConfigurationError(
            "enclave.token is missing: without one an enclave would serve anybody. Say --token-env NAME, "
            "where NAME is a variable that holds 32 random bytes, such as: openssl rand -hex 32"
        )
    return token
