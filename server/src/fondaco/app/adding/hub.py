"""Client of the Hugging Face Hub, through the guarded egress."""

import ipaddress
import socket
from urllib.parse import urlsplit

from anyio import to_thread

from fondaco.domain.web import PageError, StatusError
from fondaco.modelfiles import hub
from fondaco.modelfiles.errors import ModelFileError
from fondaco.web.addresses import PUBLIC, Network, Policy

_MOST_FOUND = 20
_TIMEOUT_S = 20.0


async def repository(endpoint: str, name: str) -> hub.Repository:
    """Return a repository of the hub.

    Raises:
        ModelFileError: the hub does not answer, or not with a repository.
    """
    return hub.repository_in(
        await _fetched(endpoint, hub.repository_url(endpoint, name), name), name
    )


async def search(endpoint: str, word: str) -> tuple[hub.HubModel, ...]:
    """Return the models with GGUF files that a word finds.

    Raises:
        ModelFileError: the hub does not answer.
    """
    return hub.models_in(
        await _fetched(endpoint, hub.search_url(endpoint, word, _MOST_FOUND), word)
    )


async def _fetched(endpoint: str, url: str, what: str) -> bytes:
    from fondaco.web.egress import EgressClient  # noqa: PLC0415 - aiohttp costs 0.2 s to load

    egress = EgressClient(
        await _policy(endpoint), most_bytes=hub.MOST_BYTES, total_timeout_s=_TIMEOUT_S
    )
    try:
        return (await egress.fetch(url, {"application/json"})).body
    except StatusError as error:
        raise ModelFileError(
            f"The hub at {endpoint} does not give {what!r}: {error} Is the name right? "
            "Private repositories are not fetched from."
        ) from error
    except PageError as error:
        raise ModelFileError(
            f"The hub at {endpoint} cannot be asked: {error} Check the network; HF_ENDPOINT names "
            "another hub. A file that is here, or its URL, can be added without one."
        ) from error
    finally:
        await egress.aclose()


async def _policy(endpoint: str) -> Policy:
    """Permit the public internet, and the hub that the operator named wherever it lies."""
    if endpoint == hub.ENDPOINT:
        return PUBLIC
    parts = urlsplit(endpoint)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await to_thread.run_sync(
            lambda: socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError):
        found = []
    networks: tuple[Network, ...] = tuple(
        ipaddress.ip_network(str(entry[4][0])) for entry in found if "%" not in str(entry[4][0])
    )
    return Policy(networks, PUBLIC.ports | {port})
