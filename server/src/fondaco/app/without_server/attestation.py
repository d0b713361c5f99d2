"""Attestations of a server, fetched anew, for a command that checks them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineRefusedError, EngineUnavailableError

_TIMEOUT_S: Final = 30.0
_MOST_BYTES: Final = 8 * 2**20
_VERSIONED: Final = re.compile(r"(?:/api)?/v1/?$")
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class FetchedAttestation:
    """Attestation of a server as unverified JSON values."""

    report: Any
    """ACI's report."""
    reply: Any = None
    """The original's reply, where a model was named."""


async def fetch_attestation(
    url: str, key: str, nonce: str, model: str | None, *, timeout_s: float = _TIMEOUT_S
) -> FetchedAttestation:
    """Ask a server for its attestation.

    Args:
        url: its address, with or without `/v1` or `/api/v1`.
        key: an API key of it; empty: none is sent.
        nonce: 64 hexadecimal digits.
        model: whose attestation in the original's protocol is asked for, too.
        timeout_s: seconds that each answer may take.

    Raises:
        EngineRefusedError: it answers that it has none, or wants a key.
        EngineUnavailableError: it does not answer, or with no JSON.
        ValueError: the address is none.
    """
    root = _VERSIONED.sub("", url.rstrip("/"))
    client = connect(
        root,
        key=key,
        connections=1,
        first_byte_timeout_s=timeout_s,
        total_timeout_s=timeout_s,
    )
    try:
        report = await _answer(client, "/v1/aci/attestation", {"nonce": nonce})
        if model is None:
            return FetchedAttestation(report)
        asked = {"model": model, "nonce": nonce}
        return FetchedAttestation(report, await _answer(client, "/api/v1/tee/attestation", asked))
    finally:
        await client.aclose()


async def _answer(client: HttpClient, path: str, parameters: Mapping[str, str]) -> Any:
    try:
        async with client.send("GET", f"{path}?{urlencode(parameters)}") as response:
            body = await response.read(_MOST_BYTES)
    except EngineUnavailableError as error:
        raise EngineUnavailableError(
            "The server does not answer. Does it run, and is this its address?"
        ) from error
    if response.status == _UNAUTHORIZED:
        raise EngineRefusedError(
            f"The server wants a valid API key for {path}. Name its variable with --key-env."
        )
    if response.status != _OK:
        raise EngineRefusedError(
            f"The server answers {path} with status {response.status}{_told(body)}. Does it offer models for "
            "encrypted content, and is this the address of its API?"
        )
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise EngineUnavailableError(f"The server answers {path} with no JSON.") from error


def _told(body: bytes) -> str:
    """Return the sentence of an error in either API's shape, after a colon; empty where there is none."""
    try:
        error = orjson.loads(body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    sentence = error.get("message") if isinstance(error, dict) else error
    return f": {sentence[:_LONGEST].rstrip('.')}" if isinstance(sentence, str) and sentence else ""
