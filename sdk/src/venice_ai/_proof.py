"""Proof of a confidential call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

TeeFormat: TypeAlias = Literal["aci", "venice"]
"""`aci`: Attested Confidential Inference, `aci/1`. `venice`: the original's headers `X-Venice-TEE-*`."""


@dataclass(frozen=True, slots=True)
class ModelKey:
    """A public key of an enclave."""

    algo: str
    public_key: str
    """In lower-case hexadecimal, without a prefix."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """An attestation report that was checked."""

    format: TeeFormat
    provider: str
    """`software`, `tdx`, or as the server names it."""
    hardware: bool
    """Whether a hardware quote was found genuine on this side."""
    key: ModelKey
    """The key to which requests are encrypted."""
    nonce: str
    workload_id: str | None
    """The enclave's identity: `sha256:` and a digest. None: its key has no identity that survives rotation."""
    keyset: Mapping[str, Any] | None = field(repr=False)
    """The endorsed keys, with which receipts are checked offline. None: the server signs none."""
    keyset_digest: str | None
    epoch: int | None
    """The keyset's version, which never goes back."""
    not_after: int | None
    """Unix time at which the keyset ends."""
    proved: tuple[str, ...]
    """Facts that were checked, one sentence each."""
    unproved: tuple[str, ...]
    """Facts that must be taken on trust."""
    report: Mapping[str, Any] = field(repr=False)
    """As the server sent it."""


@dataclass(slots=True)
class Proof:
    """Proof of a confidential call; complete once its reply has ended."""

    attestation: Attestation
    request: bytes = field(repr=False)
    """The request's body before encryption, as its receipt covers it."""
    wire_hash: str | None = None
    """The digest of the reply's body as it was received."""
    receipt: Mapping[str, Any] | None = field(default=None, repr=False)
    """The signed receipt, checked. None: the reply has not ended, or the server signs none."""
    unproved: tuple[str, ...] = ()
    """Facts that must be taken on trust."""
