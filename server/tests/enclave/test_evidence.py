"""Evidence of hardware: loaded by the kernel's and dstack's interfaces, refused where it is another's.

What the hardware would say is faked in its format: folders as configfs-tsm makes them, and a guest agent
on a socket.
"""

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.enclave.evidence.dstack import DstackEvidence
from fondaco.enclave.evidence.provider import EvidenceUnavailableError
from fondaco.enclave.evidence.quotes import Quote
from fondaco.enclave.evidence.registry import PROVIDERS
from fondaco.enclave.evidence.tsm import TdxEvidence
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.keyring import EnclaveKeys
from hand_clock import HandClock
from tdx_quotes import tdx_quote

DATA = bytes(range(64))


def test_a_quotes_fields_are_read() -> None:
    quote = Quote.of(tdx_quote(DATA))
    assert quote.report_data == DATA
    assert not quote.is_debug
    assert Quote.of(tdx_quote(DATA, attributes=1)).is_debug
    assert quote.measurements == {
        "mrtd": "01" * 48,
        "rtmr0": "02" * 48,
        "rtmr1": "03" * 48,
        "rtmr2": "04" * 48,
        "rtmr3": "05" * 48,
    }


@pytest.mark.parametrize(
    "content", [b"", b"quote", tdx_quote(DATA, tee_type=0), tdx_quote(DATA)[:600]]
)
def test_what_is_no_tdx_quote_is_refused(content: bytes) -> None:
    with pytest.raises(EvidenceUnavailableError, match="invalid TDX quote"):
        Quote.of(content)


class Kernel:
    """Makes the files of each folder that appears, as configfs does; a fake for `Path`'s calls."""

    def __init__(self, root: Path, outblob: Callable[[bytes], bytes], provider: str) -> None:
        self.root, self.outblob, self.provider = root, outblob, provider
        self.busy = 0
        self.removed: list[str] = []


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Replace what configfs does at mkdir, write, read and rmdir below one folder."""
    fake = Kernel(tmp_path, tdx_quote, "tdx_guest")
    mkdir, write, rmdir = Path.mkdir, Path.write_bytes, Path.rmdir

    def made(path: Path, *args: Any) -> None:
        mkdir(path, *args)
        (path / "provider").write_text(f"{fake.provider}\n")

    def written(path: Path, data: bytes) -> int:
        if fake.busy:
            fake.busy -= 1
            raise OSError(16, os.strerror(16))
        write(path.with_name("outblob"), fake.outblob(data))
        return len(data)

    def removed(path: Path) -> None:
        for file in path.iterdir():
            file.unlink()
        rmdir(path)
        fake.removed.append(path.name)

    monkeypatch.setattr(Path, "mkdir", made)
    monkeypatch.setattr(Path, "write_bytes", written)
    monkeypatch.setattr(Path, "rmdir", removed)
    return fake


async def test_the_kernel_gives_a_quote(kernel: Kernel) -> None:
    evidence = await TdxEvidence(kernel.root).evidence(DATA)
    assert evidence.quote == tdx_quote(DATA)
    assert evidence.document == {
        "provider": "tdx",
        "quote": tdx_quote(DATA).hex(),
        "quote_report_data": DATA.hex(),
    }
    assert len(kernel.removed) == 1
    assert list(kernel.root.iterdir()) == []


async def test_a_busy_kernel_is_asked_again(kernel: Kernel) -> None:
    kernel.busy = 2
    assert (await TdxEvidence(kernel.root).evidence(DATA)).quote
    kernel.busy = 3
    with pytest.raises(EvidenceUnavailableError, match="busy"):
        await TdxEvidence(kernel.root).evidence(DATA)
    assert list(kernel.root.iterdir()) == []


async def test_another_kind_of_machine_is_refused(kernel: Kernel) -> None:
    kernel.provider = "sev_guest"
    with pytest.raises(EvidenceUnavailableError, match="'sev_guest' instead of 'tdx_guest'"):
        await TdxEvidence(kernel.root).evidence(DATA)
    assert list(kernel.root.iterdir()) == []


async def test_a_quote_about_other_data_is_refused(kernel: Kernel) -> None:
    kernel.outblob = lambda _data: tdx_quote(bytes(64))
    with pytest.raises(EvidenceUnavailableError, match="another request"):
        await TdxEvidence(kernel.root).evidence(DATA)


async def test_without_the_kernels_interface_there_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceUnavailableError, match=r"Linux 6\.7"):
        await TdxEvidence(tmp_path / "missing").evidence(DATA)


@asynccontextmanager
async def guest_agent(folder: Path, answers: dict[str, Any]) -> AsyncIterator[Path]:
    """Serve answers on a socket; a callable is given the request's JSON."""

    async def answer(request: web.Request) -> web.Response:
        told = answers[request.path]
        content = told(await request.json()) if callable(told) else told
        if isinstance(content, int):
            return web.Response(status=content)
        if isinstance(content, bytes):
            return web.Response(body=content)
        return web.json_response(content)

    application = web.Application()
    application.router.add_route("POST", "/{name}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    path = folder / "dstack.sock"
    await web.UnixSite(runner, str(path)).start()
    try:
        yield path
    finally:
        await runner.cleanup()


def quoted(asked: dict[str, str]) -> dict[str, str]:
    return {
        "quote": tdx_quote(bytes.fromhex(asked["report_data"])).hex(),
        "event_log": '[{"imr":3}]',
        "vm_config": '{"cpu_count":8}',
        "report_data": asked["report_data"],
    }


INFO = {"app_id": "ab", "instance_id": "cd", "compose_hash": "ef"}


async def test_dstack_gives_a_quote_and_what_explains_it(tmp_path: Path) -> None:
    async with guest_agent(tmp_path, {"/GetQuote": quoted, "/Info": INFO}) as socket:
        evidence = await DstackEvidence(socket).evidence(DATA)
    assert evidence.quote == tdx_quote(DATA)
    assert evidence.document == {
        "provider": "dstack",
        "quote": tdx_quote(DATA).hex(),
        "quote_report_data": DATA.hex(),
        "event_log": '[{"imr":3}]',
        "vm_config": '{"cpu_count":8}',
        "info": INFO,
    }
    assert evidence.extra == {
        "event_log": '[{"imr":3}]',
        "vm_config": '{"cpu_count":8}',
        "info": INFO,
    }


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (500, "does not respond to /GetQuote"),
        (b"no JSON", "does not respond to /GetQuote"),
        (["a", "list"], "did not return a JSON object"),
        ({}, "another request"),
        ({"quote": "zz"}, "another request"),
        ({"quote": tdx_quote(bytes(64)).hex()}, "another request"),
        ({"quote": "00" * 9}, "invalid TDX quote"),
        (b'"' + b"x" * (5 * 2**20) + b'"', "does not respond to /GetQuote"),
    ],
)
async def test_an_answer_that_is_no_evidence_is_refused(
    tmp_path: Path, answer: Any, says: str
) -> None:
    async with guest_agent(tmp_path, {"/GetQuote": answer, "/Info": INFO}) as socket:
        with pytest.raises(EvidenceUnavailableError, match=says):
            await DstackEvidence(socket).evidence(DATA)


async def test_without_a_guest_agent_there_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceUnavailableError, match="Map the socket"):
        await DstackEvidence(tmp_path / "missing.sock").evidence(DATA)


async def test_a_quote_appears_in_both_shapes_and_is_never_called_verified(
    tmp_path: Path, clock: HandClock
) -> None:
    async with guest_agent(tmp_path, {"/GetQuote": quoted, "/Info": INFO}) as socket:
        keys = EnclaveKeys(IdentityKey.generated(), clock, 3600, DstackEvidence(socket))
        report = await keys.report(SealedFormat.ACI, "nonce", None)
        reply = await keys.report(SealedFormat.ORIGINAL, "ab" * 32, "m")
    attestation = report["attestation"]
    assert attestation["tee_type"] == "tdx"
    bound = Quote.of(bytes.fromhex(attestation["evidence"]["quote"])).report_data
    assert bound == bytes.fromhex(attestation["report_data"]) + bytes(32)
    address = bytes.fromhex(reply["signing_address"][2:])
    quote = Quote.of(bytes.fromhex(reply["intel_quote"]))
    assert quote.report_data == address + bytes(12) + b"\xab" * 32
    checked = reply["server_verification"]
    assert reply["verified"] is checked["tdx"]["valid"] is False
    assert "did not check the quote's signature" in checked["tdx"]["error"]
    assert checked["signingAddressBinding"] == {
        "bound": True,
        "reportDataAddress": reply["signing_address"].lower(),
    }
    assert checked["nonceBinding"] == {"bound": True, "method": "raw"}
    assert (reply["tee_provider"], reply["tee_hardware"]) == ("dstack", "intel-tdx")
    assert reply["info"] == INFO
    json.dumps([report, reply])


def test_every_provider_has_its_name() -> None:
    made = {name: make() for name, make in PROVIDERS.items()}
    assert {name: one.name for name, one in made.items()} == {name: name for name in made}
    assert [name for name, one in made.items() if one.identity_in_memory] == ["tdx", "dstack"]
    assert [name for name, one in made.items() if one.tee_type == "none"] == ["software"]
