"""Sealed calls: chat requests whose content is encrypted to an enclave, and their responses."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fondaco.domain.fast_init import fast_init


class SealedFormat(StrEnum):
    """The protocols in which content is encrypted."""

    ORIGINAL = "original"
    """Venice's: headers `X-Venice-TEE-*`, secp256k1, streams only."""
    ACI = "aci/1"
    """Attested Confidential Inference: headers `X-E2EE-*`, two suites, whole or streamed.

    Neither format binds a request to the client's key, so that a relay could name a key of its own and read the
    response. An `X-E2EE-Nonce` that ends in `.` and the SHA-256 of the key, in hexadecimal, binds it here.
    """


@dataclass(frozen=True, slots=True)
class SealedCall:
    """A chat call as an enclave receives it."""

    format: SealedFormat
    body: bytes
    """The request's body as it was received: JSON whose content fields are encrypted."""
    headers: Mapping[str, str]
    """The protocol's headers as received, names in lower case."""
    completion_id: str
    """The response's `id`, to which its ciphertexts are bound."""
    created: int
    """The response's `created`, in Unix seconds."""
    endpoint: str
    """The path of the request, as its receipt names it."""
    owner: str
    """A digest of the caller's key: who presents the same key may fetch the receipt."""


@dataclass(frozen=True, slots=True)
class SealedRequest:
    """A chat request whose content an enclave alone can read, with what a gateway sees of it."""

    model: str
    """As the caller named it."""
    format: SealedFormat
    body: bytes
    """As it was received."""
    headers: Mapping[str, str]
    """The protocol's, names in lower case."""
    endpoint: str
    """The path that it was sent to."""
    owner: str
    """A digest of the caller's key."""
    ciphertext_bytes: int
    """Of all messages together."""
    choices: int
    stream: bool

    def call(self, completion_id: str, created: int) -> SealedCall:
        """Return the request as the enclave receives it, under the id of its completion."""
        return SealedCall(
            self.format,
            self.body,
            self.headers,
            completion_id,
            created,
            self.endpoint,
            self.owner,
        )


@fast_init
@dataclass(frozen=True, slots=True)
class Sealed:
    """A piece of a sealed response: bytes for the caller, unchanged, and what they count.

    An enclave reports the tokens of each piece; the meter clamps them, as it does any engine's.
    """

    wire: bytes
    """Of the response's body: whole events of a stream, or the whole of a body."""
    tokens: int = 0
    """Output tokens in the piece, of all choices together, reasoning included."""
    reasoning_tokens: int = 0
    """Those of them that are reasoning."""
    input_tokens: int | None = None
    """The prompt's, where the piece reports them; None: as they were measured."""
    last: bool = False
    """Whether it ends the response: it is sent once the call's charge is durable."""


@dataclass(frozen=True, slots=True)
class EnclaveIdentity:
    """Identity of the serving enclave, stated in every response. Source: ACI, section 6.2."""

    workload_id: str
    """`sha256:` and the digest of its identity key."""
    keyset_digest: str
    """`sha256:` and the digest of its current keys."""
