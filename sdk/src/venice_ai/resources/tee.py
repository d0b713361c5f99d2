"""Attestation of a server's enclaves; confidential chats themselves are calls of `chat.completions`."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from venice_ai.resources._resource import APIResource, Client
from venice_ai.tee._engagement import require_libraries
from venice_ai.tee.types import Attestation, TeeOptions

if TYPE_CHECKING:
    from venice_ai.tee._calls import ConfidentialCalls

__all__ = ["Tee"]


class Tee(APIResource[Client]):
    """Attestations and receipts of enclaves."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.time) -> None:  # noqa: TID251 - clients have no port for it
        super().__init__(client)
        self._clock = clock

    async def attest(self, *, model: str, options: TeeOptions | None = None) -> Attestation:
        """Ask the enclave of a model for a fresh attestation, and check it.

        Args:
            model: One named `e2ee-*`.
            options: Required proof; None: the defaults of `TeeOptions`.

        Raises:
            TeeAttestationError: It proves less than that.
            APIError: The server cannot be reached, or refuses.
        """
        return await self._calls.attester.attest(model, options or TeeOptions())

    @cached_property
    def _calls(self) -> "ConfidentialCalls":
        require_libraries()
        from venice_ai.tee._calls import ConfidentialCalls  # noqa: PLC0415 - needs libraries of an extra

        return ConfidentialCalls(lambda: self._transport, self._clock)
