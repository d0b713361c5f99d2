"""The providers of evidence, by the names that the configuration gives them."""

from collections.abc import Callable, Mapping
from typing import Final

from fondaco.enclave.evidence.dstack import DstackEvidence
from fondaco.enclave.evidence.provider import EvidenceProvider
from fondaco.enclave.evidence.software import SoftwareEvidence
from fondaco.enclave.evidence.tsm import TdxEvidence

PROVIDERS: Final[Mapping[str, Callable[[], EvidenceProvider]]] = {
    SoftwareEvidence.name: SoftwareEvidence,
    TdxEvidence.name: TdxEvidence,
    DstackEvidence.name: DstackEvidence,
}
