"""What the tests of the enclave share."""

from collections.abc import AsyncGenerator

import pytest

from fondaco.enclave.evidence.software import SoftwareEvidence
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.keyring import EnclaveKeys
from hand_clock import HandClock
from sealed_house import SealedHouse, sealed_house


@pytest.fixture
async def house() -> AsyncGenerator[SealedHouse]:
    async with sealed_house() as house:
        yield house


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def keys(clock: HandClock) -> EnclaveKeys:
    """An enclave's keys, with a clock that is moved by hand."""
    return EnclaveKeys(IdentityKey.of_seed(b"\1" * 32), clock, 3600, SoftwareEvidence())
