"""Options of confidential chats, and the facts that they prove."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from types import MappingProxyType
from typing import Any, get_args

from venice_ai._proof import Attestation, ModelKey, Proof, TeeFormat

__all__ = ["Attestation", "ModelKey", "Proof", "TeeFormat", "TeeOptions"]

INTEL_PCS = "https://api.trustedservices.intel.com"
"""Address where Intel publishes the collateral that quotes are checked against."""


@dataclass(frozen=True, slots=True)
class TeeOptions:
    """Requirements on an enclave, checked before anything is encrypted to it."""

    nonce: str | None = None
    """64 hexadecimal digits that the proof must repeat, so that an old one will not do. None: random."""
    quote_verifier: Callable[[str], bool] | None = None
    """Says whether a hardware quote, as the server sent it, is genuine. None: `dcap-qvl` does, if installed."""
    format: TeeFormat | None = None
    """The protocol. None: ACI where the server offers it, else the original's."""
    allow_software_attestation: bool = False
    """Accept an enclave without hardware protection, whose operator can read the content."""
    allow_unverified_quote: bool = False
    """Accept a hardware quote that nothing here can check, on the server's word."""
    pin_file: str | PathLike[str] | None = None
    """Remembers the enclave's identity: trusted at first use, an error when it changes. None: in memory."""
    expected_measurements: Mapping[str, str] | None = None
    """Registers of a TDX quote that have to have these values: `mr_td`, `rt_mr0` to `rt_mr3`, in hexadecimal."""
    accepted_tcb_statuses: frozenset[str] = frozenset({"UpToDate"})
    """States of the platform that are accepted; Intel's words, such as `SWHardeningNeeded`."""
    collateral_url: str = INTEL_PCS
    """The service that `dcap-qvl` fetches Intel's certificates and revocations from."""
    require_receipt: bool = False
    """Refuse servers that sign no receipts. Where the attestation offers them, they are always required."""
    check_request_hash: bool = True
    """Refuse a receipt for another request than was made. Off: for services that serialize it otherwise."""
    allow_unverified_upstream: bool = False
    """Accept replies of hardware enclaves that sent the text on to a service that they did not verify."""
    reuse_s: float = 300.0
    """For how long further calls may rely on one attestation."""

    def __post_init__(self) -> None:
        """Expect a protocol that exists."""
        if self.format not in (None, *get_args(TeeFormat)):
            raise ValueError(f"TeeOptions.format is 'venice', 'aci' or None, not {self.format!r}.")


NOTHING: Mapping[str, Any] = MappingProxyType({})
"""An object without fields, where a server sent none."""
