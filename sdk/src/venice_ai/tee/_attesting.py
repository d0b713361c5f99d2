"""Attestations: fetched, verified, pinned, and cached."""

import asyncio
import json
import re
import secrets
import warnings
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

from venice_ai._http.event_loops import PerLoop
from venice_ai._http.request import Query, Request
from venice_ai._http.transport import Transport
from venice_ai._json_values import is_object
from venice_ai.exceptions import APIError, InvalidRequestError
from venice_ai.tee._evidence.aci import check_aci, offers_encryption
from venice_ai.tee._evidence.original import check_original
from venice_ai.tee._evidence.pins import Pins
from venice_ai.tee._evidence.reading import refused
from venice_ai.tee.types import Attestation, TeeOptions

ACI_PATH = "/aci/attestation"
ORIGINAL_PATH = "/tee/attestation"
_NONCE = re.compile(r"[0-9a-f]{64}")
_ABSENT = {404, 405}


class Attester:
    """Fetches and verifies the attestations of one server's enclaves."""

    def __init__(self, transport: Callable[[], Transport], clock: Callable[[], float]) -> None:
        """Ask with a client's transport.

        Args:
            transport: Gives it, at each use.
            clock: Unix time in seconds.
        """
        self._transport = transport
        self._clock = clock
        self._kept: dict[str, tuple[float, TeeOptions, Attestation]] = {}
        self._pins: dict[str | PathLike[str] | None, Pins] = {}
        self._warned: set[str] = set()
        self._speak_aci: set[str] = set()
        self._turns = PerLoop(asyncio.Lock)

    async def current(self, model: str, options: TeeOptions) -> Attestation:
        """Return a recent attestation, fetched if none is cached.

        Raises:
            TeeAttestationError: The enclave proves less than the caller demands.
            APIError: The server cannot be reached, or refuses.
        """
        async with self._turns.get():
            kept = self._kept.get(model)
            if kept is not None and options.nonce is None and self._is_recent(kept, options):
                return kept[2]
            return await self.attest(model, options)

    async def attest(self, model: str, options: TeeOptions) -> Attestation:
        """Ask for an attestation, and return it once it is checked.

        Raises:
            TeeAttestationError: The enclave proves less than the caller demands.
            InvalidRequestError: The caller's nonce has another form than 64 hexadecimal digits.
            APIError: The server cannot be reached, or refuses.
        """
        found = await self._checked(model, _nonce(options), options)
        if found.keyset is None and options.require_receipt:
            raise refused("The server signs no receipts, and require_receipt demands them.")
        if options.pin_file is not None or not found.hardware:
            pins = self._pins.setdefault(options.pin_file, Pins(options.pin_file))
            pins.meet(self._server, found, chosen=options.format is not None)
        self._expect_format(found, options)
        if not found.hardware:
            self._warn(found)
        self._kept[model] = self._clock(), options, found
        return found

    def _expect_format(self, found: Attestation, options: TeeOptions) -> None:
        """See that a server which encrypted by ACI still does, unless the caller chose the protocol.

        A relay that hides ACI's report would have the client speak a protocol in which it could put in its own
        key, and read the reply.

        Raises:
            TeeAttestationError: It does not any more.
        """
        if found.format == "aci":
            self._speak_aci.add(self._server)
        elif options.format is None and self._server in self._speak_aci:
            raise refused(
                "The server encrypted by ACI before, and now offers Venice's format alone, which proves less. If "
                "that is expected, choose it: TeeOptions(format='venice').",
                code="TEE_IDENTITY_CHANGED",
            )

    @property
    def _server(self) -> str:
        return self._transport().options.base_url

    def _is_recent(self, kept: tuple[float, TeeOptions, Attestation], options: TeeOptions) -> bool:
        then, demanded, found = kept
        now = self._clock()
        ended = found.not_after is not None and now >= found.not_after
        return demanded == options and 0 <= now - then < options.reuse_s and not ended

    async def _checked(self, model: str, nonce: str, options: TeeOptions) -> Attestation:
        if options.format != "venice":
            report = await self._ask(ACI_PATH, {"nonce": nonce}, optional=options.format is None)
            if report is not None and (options.format == "aci" or offers_encryption(report)):
                return await check_aci(report, nonce, options, self._clock())
        reply = await self._ask(ORIGINAL_PATH, {"model": model, "nonce": nonce})
        return await check_original(reply or {}, model, nonce, options, self._clock())

    async def _ask(
        self, path: str, query: Query, *, optional: bool = False
    ) -> Mapping[str, Any] | None:
        """Return a report; None if the server does not provide one."""
        try:
            response = await self._transport().send(Request("GET", path, query=query))
        except APIError as error:
            if optional and error.status in _ABSENT:
                return None
            raise
        return json_object(response.content, path)

    def _warn(self, found: Attestation) -> None:
        """Warn once for each server of the facts that its enclave does not prove."""
        if self._server not in self._warned:
            self._warned.add(self._server)
            gaps = " ".join(found.unproved)
            warnings.warn(
                f"Confidential chats with {self._server} do not prove: {gaps}",
                UserWarning,
                stacklevel=2,
            )


def json_object(content: bytes, path: str) -> Mapping[str, Any]:
    """Return a JSON object that a server sent as evidence.

    Raises:
        TeeAttestationError: It is none.
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not is_object(value):
        raise refused(f"The response to GET {path} is not a JSON object.")
    return value


def _nonce(options: TeeOptions) -> str:
    if options.nonce is None:
        return secrets.token_hex(32)
    nonce = options.nonce.lower()
    if not _NONCE.fullmatch(nonce):
        raise InvalidRequestError(
            "TeeOptions.nonce has to be 64 hexadecimal digits, such as secrets.token_hex(32) gives.",
            code="E2EE_REFUSED",
        )
    return nonce
