"""The port of evidence: statements of hardware about the machine that runs an enclave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from fondaco.domain.errors import EngineUnavailableError

REPORT_DATA_BYTES: Final = 64
"""Size of the report data that hardware binds to its evidence; Intel TDX and AMD SEV-SNP alike."""


class EvidenceUnavailableError(EngineUnavailableError):
    """The hardware, or the service that speaks for it, gave no evidence."""

    default = "The enclave's hardware provides no evidence now."


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence of a provider for 64 bytes of report data."""

    document: Mapping[str, Any]
    """`attestation.evidence` of ACI's report, which verifiers of this provider's kind understand."""
    quote: bytes | None = field(default=None, repr=False)
    """The quote that Intel's hardware signed; None: there is none."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the original's reply beside the quote, such as `event_log`."""


class EvidenceProvider(Protocol):
    """Gets evidence."""

    name: str
    """Its name in the configuration; `tee_provider` in the original's reply."""
    tee_type: str
    """ACI's name of the hardware; `none` without any."""
    hardware: str | None
    """The original protocol's name of the hardware; None: it has none."""
    identity_in_memory: bool
    """Whether the identity key is created again at each start, because the disk is outside of what is measured."""

    async def evidence(self, report_data: bytes) -> Evidence:
        """Return evidence that binds these 64 bytes.

        Raises:
            EvidenceUnavailableError: there is none currently.
        """
        ...
