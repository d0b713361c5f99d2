"""Sealed bodies: requests whose headers say that their content is encrypted to an enclave.

Source: ACI, section 6.1; Venice's guide to end-to-end encryption.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.domain.errors import SealedRequestError

_ORIGINAL = frozenset(
    {
        b"x-venice-tee-client-pub-key",
        b"x-venice-tee-model-pub-key",
        b"x-venice-tee-signing-algo",
    }
)
_ACI = frozenset(
    {
        b"x-e2ee-version",
        b"x-client-pub-key",
        b"x-model-pub-key",
        b"x-e2ee-nonce",
        b"x-e2ee-timestamp",
    }
)
_ALL = _ORIGINAL | _ACI
_FURTHER = frozenset({b"x-upstream-verification"})
"""Headers of ACI that make no request an encrypted one."""


@dataclass(frozen=True, slots=True)
class SealedPayload:
    """A body with encrypted content, as it was received, and the headers of its protocol."""

    format: SealedFormat
    headers: Mapping[str, str]
    """Names in lower case."""
    octets: bytes


def is_sealed(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request's headers say that its content is encrypted; one of them is enough.

    >>> is_sealed({b"x-e2ee-version": b"2"}), is_sealed({b"user-agent": b"curl"})
    (True, False)
    """
    return not _ALL.isdisjoint(headers)


def speaks_aci(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request has headers of ACI, whose errors it then gets."""
    return not _ACI.isdisjoint(headers)


def sealed_payload(headers: Mapping[bytes, bytes], octets: bytes) -> SealedPayload:
    """Return the body of a sealed request.

    Raises:
        SealedRequestError: its headers are of both protocols.
    """
    aci = speaks_aci(headers)
    if aci and not _ORIGINAL.isdisjoint(headers):
        raise SealedRequestError(
            "The request has encryption headers of two protocols, X-E2EE-* and X-Venice-TEE-*. "
            "Send the headers of one.",
            reason="e2ee_invalid_version",
        )
    names = (_ACI | _FURTHER if aci else _ORIGINAL) & headers.keys()
    return SealedPayload(
        SealedFormat.ACI if aci else SealedFormat.ORIGINAL,
        {name.decode(): headers[name].decode("latin-1") for name in sorted(names)},
        octets,
    )


def not_sealable(path: str) -> SealedRequestError:
    """Return the error for encrypted content where none is taken."""
    return SealedRequestError(
        f"{path} accepts no encrypted content; nothing was run. POST /api/v1/chat/completions and "
        "/v1/chat/completions do.",
        reason="e2ee_unsupported_endpoint",
    )
