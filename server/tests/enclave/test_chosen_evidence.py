"""Which provider of evidence an enclave has: the one that is asked for, or none; by itself the first that is here."""

import pytest

from fondaco.enclave.evidence import registry
from fondaco.enclave.evidence.dstack import DstackEvidence
from fondaco.enclave.evidence.provider import Evidence, EvidenceUnavailableError
from fondaco.enclave.evidence.software import SoftwareEvidence
from fondaco.enclave.evidence.tsm import TdxEvidence


class Absent(TdxEvidence):
    async def evidence(self, report_data: bytes) -> Evidence:
        raise EvidenceUnavailableError("There is none here.")


class Present(DstackEvidence):
    async def evidence(self, report_data: bytes) -> Evidence:
        return Evidence({}, b"quote")


async def test_hardware_that_is_asked_for_and_absent_is_replaced_by_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "PROVIDERS", {"tdx": Absent, "software": SoftwareEvidence})
    with pytest.raises(EvidenceUnavailableError, match="There is none"):
        await registry.provider_of("tdx")
    assert (await registry.provider_of("auto")).name == "software"


async def test_the_first_hardware_that_is_here_goes_before_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    providers = {"tdx": Absent, "dstack": Present, "software": SoftwareEvidence}
    monkeypatch.setattr(registry, "PROVIDERS", providers)
    assert (await registry.provider_of("auto")).name == "dstack"
    assert (await registry.provider_of("software")).name == "software"


def test_nothing_is_tried_after_the_provider_that_is_always_here() -> None:
    assert list(registry.PROVIDERS)[-1] == "software"
