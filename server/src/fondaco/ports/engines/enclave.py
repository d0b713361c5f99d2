"""The port of enclaves, which alone can read callers' content."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

from fondaco.domain.confidential.sealed import EnclaveIdentity, Sealed, SealedCall, SealedFormat
from fondaco.ports.engines.chat import Prompt


class Enclave(Protocol):
    """Answers sealed calls: decrypts the request, runs the model, encrypts the output, and signs a receipt.

    Every method raises only errors of `domain.errors`.
    """

    @property
    def name(self) -> str:
        """The enclave's name in the configuration; shown as `x-venice-model-router`."""
        ...

    async def measure(self, model: str, call: SealedCall) -> Prompt:
        """Decrypt a call and count its prompt, before any work; what is decrypted stays in the enclave.

        Args:
            model: the catalogue's id of the model, which the enclave knows by the same id.
            call: the call. Unless `answer` follows soon, its decrypted request is dropped.

        Raises:
            SealedRequestError: anything about the call is stale, replayed, foreign, or not encrypted.
            InvalidRequestError: the decrypted request is at fault otherwise.
            EngineError: the enclave or its engine failed.
        """
        ...

    def answer(
        self, model: str, call: SealedCall, max_output_tokens: int
    ) -> AsyncGenerator[Sealed]:
        """Answer a measured call, once; closing the generator stops the engine.

        The pieces, in their order, are the body of the response. Exactly one, the last, is `last`.

        Args:
            model: as in `measure`.
            call: likewise.
            max_output_tokens: limit of each choice.

        Raises:
            SealedRequestError: it was not measured, or long ago, or by keys that are no more.
            EngineError: the enclave or its engine failed.
        """
        ...

    async def forget(self, call: SealedCall) -> None:
        """Drop the content that `measure` decrypted of a call that will not be answered; no-op where none waits.

        Raises:
            EngineError: the enclave cannot be reached.
        """
        ...

    async def probe(self) -> None:
        """Show that the enclave can answer.

        Raises:
            EngineError: it cannot.
        """
        ...

    async def identity(self) -> EnclaveIdentity:
        """Return its identity, starting it where it does not run.

        Raises:
            EngineError: it cannot be reached.
        """
        ...

    async def attestation(
        self, form: SealedFormat, *, nonce: str | None, model: str | None = None
    ) -> Mapping[str, Any]:
        """Return a fresh attestation report, in the shape of either protocol, as JSON values.

        Args:
            form: the protocol whose shape it has.
            nonce: the caller's, which the report repeats; None: none.
            model: as the caller named it; the original's shape repeats it.

        Raises:
            InvalidRequestError: the nonce has the wrong form.
            EngineError: it cannot be reached.
        """
        ...

    async def receipt(
        self, form: SealedFormat, receipt_id: str, *, owner: str, model: str | None = None
    ) -> Mapping[str, Any]:
        """Return the signed receipt of a response that has ended: ACI's, or the original's with ACI's in it.

        Args:
            form: the protocol whose shape it has.
            receipt_id: of the receipt, or of the completion.
            owner: the digest of the key that asks, as in `SealedCall.owner`.
            model: as the caller named it; the original's shape repeats it.

        Raises:
            NotFoundError: there is none of this id, or its time is over.
            UnauthorizedError: another key made the call.
            EngineError: it cannot be reached.
        """
        ...

    async def rotate(self) -> EnclaveIdentity:
        """Replace its keys for encryption and receipts, and return what it is called from now on.

        Raises:
            EngineError: it cannot be reached.
        """
        ...
