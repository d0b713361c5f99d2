"""Confidential calls: attested, sealed, sent, decrypted as the reply arrives, and proved at its end."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import httpx2

from venice_ai._http.request import Request, segment
from venice_ai._http.transport import PROOF, Transport
from venice_ai._json_values import is_object
from venice_ai.exceptions import APIError, InvalidRequestError, NotFoundError, TeeDecryptionError
from venice_ai.tee._attesting import Attester, json_object
from venice_ai.tee._chat import ConfidentialChat
from venice_ai.tee._ciphers import cipher_for
from venice_ai.tee._evidence.reading import refused
from venice_ai.tee._evidence.receipts import Receipt, verify_receipt
from venice_ai.tee._opening import opened_stream, opened_whole
from venice_ai.tee._sealing import sealed_body
from venice_ai.tee.types import Attestation, Proof, TeeOptions

_WAITS_S = (0.05, 0.2, 0.5)
"""For a receipt that is signed while the reply's last bytes are on their way."""
_BAD_REQUEST = 400
_STALE = "e2ee_model_key_mismatch"
_REPLAYED = "e2ee_replay_detected"
_UPSTREAM = "That {name!r}, to which the enclave sent the text, is itself confidential: the enclave did not verify it."


class ConfidentialCalls:
    """Makes confidential calls with a client's transport."""

    def __init__(self, transport: Callable[[], Transport], clock: Callable[[], float]) -> None:
        """Make calls.

        Args:
            transport: Gives the client's, at each use.
            clock: Unix time in seconds.
        """
        self.attester = Attester(transport, clock)
        """Knows the server's enclaves."""
        self._transport = transport
        self._clock = clock

    async def respond(self, chat: ConfidentialChat, *, stream: bool) -> httpx2.Response:
        """Return the decrypted reply: a stream if `stream` is set, or if the protocol requires it.

        A server whose keys changed meanwhile is attested once more, by the same demands. That happens before
        it has answered at all.

        Raises:
            TeeAttestationError: The enclave or its receipt fails verification.
            TeeDecryptionError: The reply is not encrypted to this call, or was altered.
            APIError: As its subclasses say.
        """
        attestation = await self.attester.current(chat.model, chat.options)
        once = uuid.uuid4().hex
        try:
            return await self._sent(chat, attestation, once, stream=stream)
        except InvalidRequestError as error:
            attestation = await self._renewed(chat, attestation, error)
        try:
            return await self._sent(chat, attestation, once, stream=stream)
        except InvalidRequestError as error:
            failure = (
                error.__cause__
            )  # the reason for the retry; without a response, the request may have run
            if _is_replay(error) and isinstance(failure, APIError) and failure.status is not None:
                raise failure from failure.__cause__
            raise

    async def _renewed(
        self, chat: ConfidentialChat, used: Attestation, error: InvalidRequestError
    ) -> Attestation:
        """Return the renewed attestation for a retry; raise the error where a retry is useless."""
        if _is_replay(error):  # the transport retried after a failure
            return used
        stale = used.format == "venice" or _STALE in str(error.body)
        if error.status != _BAD_REQUEST or not stale:
            raise error
        renewed = await self.attester.attest(chat.model, chat.options)
        if renewed.key == used.key:
            raise error
        if (renewed.format, renewed.hardware) != (used.format, used.hardware):
            raise refused(
                "The enclave's keys changed, and it now proves itself in another way than before."
            )
        return renewed

    async def _sent(
        self, chat: ConfidentialChat, attestation: Attestation, once: str, *, stream: bool
    ) -> httpx2.Response:
        cipher = cipher_for(attestation, chat.model, int(self._clock()))
        streamed = stream or attestation.format == "venice"
        body = sealed_body(chat.body, attestation.format, cipher, stream=streamed)
        headers = {"idempotency-key": once, **chat.headers, **cipher.headers}
        request = Request(
            "POST", chat.path, body.sealed, headers=headers, timeout_s=chat.timeout_s, paid=True
        )
        response = await self._transport().send(request, stream=streamed)
        if response.headers.get("x-e2ee-applied", "true").lower() != "true":
            await response.aclose()
            raise TeeDecryptionError(
                "The server answered without encryption.", code="TEE_DECRYPTION_FAILED"
            )
        proof = Proof(attestation, body.clear, unproved=attestation.unproved)
        conclude = partial(self._conclude, chat, proof, response.headers.get("x-receipt-id"))
        opened = opened_stream if streamed else opened_whole
        found = opened(response, cipher, conclude, {PROOF: proof})
        return found if isinstance(found, httpx2.Response) else await found

    async def _conclude(
        self,
        chat: ConfidentialChat,
        proof: Proof,
        receipt_id: str | None,
        wire_hash: str,
        reply_id: str,
    ) -> None:
        """See that the enclave signed for the reply as it was received."""
        proof.wire_hash = wire_hash
        keyset = proof.attestation.keyset
        if keyset is None:
            return
        told = await self._receipt(chat, proof.attestation, receipt_id, reply_id)
        receipt = verify_receipt(
            told,
            keyset,
            wire=wire_hash,
            request=proof.request if chat.options.check_request_hash else None,
            chat_id=reply_id or None,
            model=chat.model,
        )
        if receipt_id is not None and receipt.receipt_id != receipt_id:
            raise refused(
                f"The receipt is {receipt.receipt_id!r}, and the reply names {receipt_id!r}."
            )
        proof.unproved += _upstream_gaps(receipt, proof.attestation, chat.options)
        proof.receipt = told

    async def _receipt(
        self,
        chat: ConfidentialChat,
        attestation: Attestation,
        receipt_id: str | None,
        reply_id: str,
    ) -> Mapping[str, Any]:
        """Return a reply's receipt, which is there once the reply has ended.

        Raises:
            TeeAttestationError: The server provides none.
        """
        if attestation.format == "aci":
            path, query = f"/aci/receipts/{segment(receipt_id or reply_id)}", None
        else:
            path, query = "/tee/signature", {"model": chat.model, "request_id": reply_id}
        # With the request's headers: only the API key of the request may fetch the receipt.
        request = Request("GET", path, query=query, headers=chat.headers)
        try:
            response = await self._patiently(request)
        except APIError as error:
            raise refused(
                f"The reply has ended, and the enclave's receipt for it could not be fetched: {error} Discard the reply.",
                code="TEE_RECEIPT_MISSING",
            ) from error
        told = json_object(response.content, request.path)
        found = told if attestation.format == "aci" else told.get("receipt")
        if not is_object(found):
            raise refused(
                "The server signed no receipt for the reply. Discard it.",
                code="TEE_RECEIPT_MISSING",
            )
        return found

    async def _patiently(self, request: Request) -> httpx2.Response:
        for wait_s in _WAITS_S:
            try:
                return await self._transport().send(request)
            except NotFoundError:
                await asyncio.sleep(wait_s)
        return await self._transport().send(request)


def _is_replay(error: InvalidRequestError) -> bool:
    """Whether the enclave has seen the request before."""
    return _REPLAYED in str(error.body)


def _upstream_gaps(
    receipt: Receipt, attestation: Attestation, options: TeeOptions
) -> tuple[str, ...]:
    """Return the unproved facts about services to which the enclave sent the text."""
    names = [
        str(one.get("upstream_name"))
        for one in receipt.upstreams
        if one.get("result") != "verified"
    ]
    if names and attestation.hardware and not options.allow_unverified_upstream:
        raise refused(f"The enclave sent the text to {names[0]!r}, which it did not verify.")
    return tuple(_UPSTREAM.format(name=name) for name in names)
