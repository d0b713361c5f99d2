"""Identities that were trusted at their first use: remembered in a file, and refused when they change."""

import fcntl
import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealed_service.protocol import Json, Signer
from sealed_service.service import Service
from venice_ai import TeeAttestationError, VeniceClient
from venice_ai.tee import Attestation, ModelKey, TeeOptions
from venice_ai.tee._evidence.pins import Pins

pytestmark = pytest.mark.filterwarnings("ignore:Confidential chats")

MODEL = "e2ee-toy"
FOUND = Attestation(
    format="aci",
    provider="software",
    hardware=False,
    key=ModelKey("x25519", "00"),
    nonce="00",
    workload_id="sha256:00",
    keyset={},
    keyset_digest=None,
    epoch=1,
    not_after=None,
    proved=(),
    unproved=(),
    report={},
)


@pytest.fixture
def pinned(tmp_path: Path, options: TeeOptions) -> TeeOptions:
    return replace(options, pin_file=tmp_path / "pins.json")


async def attest(service: Service, options: TeeOptions) -> None:
    """Attest as a program does that is started anew."""
    async with VeniceClient(base_url=service.url) as client:
        await client.tee.attest(model=MODEL, options=options)


def file_of(options: TeeOptions) -> Path:
    assert options.pin_file is not None
    return Path(options.pin_file)


async def test_an_identity_is_pinned_in_a_file_of_the_owners(
    service: Service, pinned: TeeOptions
) -> None:
    await attest(service, pinned)
    path = file_of(pinned)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {
        service.url: {
            "workload_id": service.enclave.workload_id,
            "epoch": service.enclave.version,
            "format": pinned.format,
            "hardware": False,
        }
    }
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    await attest(service, pinned)


async def test_another_identity_is_refused_and_the_pin_stays(
    service: Service, pinned: TeeOptions
) -> None:
    await attest(service, pinned)
    before = file_of(pinned).read_text()
    service.enclave.identity = Signer()
    with pytest.raises(TeeAttestationError, match="identity changed") as raised:
        await attest(service, pinned)
    assert raised.value.code == "TEE_IDENTITY_CHANGED"
    assert file_of(pinned).read_text() == before
    file_of(pinned).unlink()
    await attest(service, pinned)


async def test_a_change_of_identity_during_the_clients_life_is_found_without_a_file(
    service: Service, client: VeniceClient, options: TeeOptions
) -> None:
    await client.tee.attest(model=MODEL, options=options)
    service.enclave.identity = Signer()
    with pytest.raises(TeeAttestationError, match="identity changed"):
        await client.tee.attest(model=MODEL, options=options)


async def test_rotated_keys_are_fine_and_older_ones_are_not(
    service: Service, pinned: TeeOptions
) -> None:
    await attest(service, pinned)
    service.enclave.rotate()
    await attest(service, pinned)
    service.enclave.version -= 1
    with pytest.raises(TeeAttestationError, match="older than"):
        await attest(service, pinned)


async def test_an_enclave_that_proves_less_than_before_is_refused(
    service: Service, tmp_path: Path
) -> None:
    path = tmp_path / "pins.json"
    service.enclave.hardware = True
    await attest(service, TeeOptions(quote_verifier=lambda quote: True, pin_file=path))
    service.enclave.hardware = service.aci = False
    weaker = TeeOptions(allow_software_attestation=True, pin_file=path)
    with pytest.raises(TeeAttestationError, match="with hardware and ACI, which is missing"):
        await attest(service, weaker)


async def test_the_callers_own_choice_of_a_protocol_is_no_downgrade(
    service: Service, tmp_path: Path
) -> None:
    open_to_both = TeeOptions(allow_software_attestation=True, pin_file=tmp_path / "pins.json")
    await attest(service, open_to_both)
    await attest(service, replace(open_to_both, format="venice"))
    service.aci = False
    with pytest.raises(TeeAttestationError, match="with ACI, which is missing"):
        await attest(service, open_to_both)


async def test_each_server_has_its_own_pin(service: Service, pinned: TeeOptions) -> None:
    file_of(pinned).write_text('{"https://elsewhere/v1": {"kept": true}}')
    file_of(pinned).chmod(0o600)
    await attest(service, pinned)
    assert json.loads(file_of(pinned).read_text()).keys() == {"https://elsewhere/v1", service.url}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"URL": {"workload_id": 7}}', '{"URL": []}'])
async def test_a_damaged_file_is_no_reason_to_trust_anew(
    service: Service, pinned: TeeOptions, content: str
) -> None:
    text = content.replace("URL", service.url)
    file_of(pinned).write_text(text)
    file_of(pinned).chmod(0o600)
    with pytest.raises(TeeAttestationError, match="damaged"):
        await attest(service, pinned)
    assert file_of(pinned).read_text() == text


@pytest.mark.skipif(os.name != "posix", reason="there are no such modes")
async def test_a_file_that_others_may_write_is_not_relied_on(
    service: Service, pinned: TeeOptions
) -> None:
    await attest(service, pinned)
    file_of(pinned).chmod(0o666)
    with pytest.raises(TeeAttestationError, match="chmod 600"):
        await attest(service, pinned)


async def test_a_file_that_cannot_be_written_or_read_is_refused(
    service: Service, options: TeeOptions, tmp_path: Path
) -> None:
    with pytest.raises(TeeAttestationError, match="cannot be written"):
        await attest(service, replace(options, pin_file=tmp_path / "missing" / "pins.json"))
    with pytest.raises(TeeAttestationError, match="cannot be read"):
        await attest(service, replace(options, pin_file=tmp_path))


async def test_a_server_without_an_identity_cannot_be_pinned(
    service: Service, tmp_path: Path
) -> None:
    def without(reply: Json) -> dict[str, Any]:
        return {name: value for name, value in reply.items() if name != "attestation"}

    service.aci, service.report = False, without
    lenient = TeeOptions(allow_software_attestation=True)
    await attest(service, lenient)
    with pytest.raises(TeeAttestationError, match="no identity"):
        await attest(service, replace(lenient, pin_file=tmp_path / "pins.json"))


@pytest.mark.skipif(os.name != "posix", reason="folders are locked on POSIX only")
def test_nobody_else_pins_between_a_look_and_its_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, tried = tmp_path / "pins.json", []
    read = Pins._read

    def while_another_tries(pins: Pins) -> dict[str, Any]:
        folder = os.open(tmp_path, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(folder)
        tried.append(folder)
        return read(pins)

    monkeypatch.setattr(Pins, "_read", while_another_tries)
    for server in ("http://one.example", "http://other.example"):
        Pins(path).meet(server, FOUND, chosen=True)
    assert len(json.loads(path.read_text())) == len(tried) == 2


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)
async def test_a_file_of_another_user_is_not_relied_on(
    service: Service, pinned: TeeOptions
) -> None:
    await attest(service, pinned)
    os.chown(file_of(pinned), 65_534, -1)
    with pytest.raises(TeeAttestationError, match="belongs to another user"):
        await attest(service, pinned)
