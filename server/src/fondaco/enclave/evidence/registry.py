"""The providers of evidence, by the names that the configuration gives them."""

from collections.abc import Callable, Mapping
from typing import Final

from fondaco.enclave.evidence.dstack import DstackEvidence
from fondaco.enclave.evidence.provider import (
    REPORT_DATA_BYTES,
    EvidenceProvider,
    EvidenceUnavailableError,
)
from fondaco.enclave.evidence.software import SoftwareEvidence
from fondaco.enclave.evidence.tsm import TdxEvidence

PROVIDERS: Final[Mapping[str, Callable[[], EvidenceProvider]]] = {
    TdxEvidence.name: TdxEvidence,
    DstackEvidence.name: DstackEvidence,
    SoftwareEvidence.name: SoftwareEvidence,
}
"""In the order in which they are tried; the last one is always here."""
AUTO: Final = "auto"


async def provider_of(name: str) -> EvidenceProvider:
    """Return the provider of a name; `auto`: the first that has evidence.

    Raises:
        EvidenceUnavailableError: the configured provider has none. Another one would prove less than requested.
    """
    names = tuple(PROVIDERS) if name == AUTO else (name,)
    for number, one in enumerate(names, 1):
        provider = PROVIDERS[one]()
        try:
            await provider.evidence(bytes(REPORT_DATA_BYTES))
        except EvidenceUnavailableError:
            if number == len(names):
                raise
        else:
            return provider
    raise EvidenceUnavailableError
