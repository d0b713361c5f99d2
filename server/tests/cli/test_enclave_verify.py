"""`fondaco enclave verify`: what it fetches, says, remembers, and exits with."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest

from cli_program import Fondaco
from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.enclave.evidence.software import SoftwareEvidence
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.keyring import EnclaveKeys
from fondaco.system import SystemClock
from protocol_clients import AciClient


def honest(_path: str, report: Any) -> tuple[int, bytes]:
    return 200, json.dumps(report).encode()


@dataclass
class Attesting:
    """A server that attests, and what it was asked."""

    keys: EnclaveKeys
    url: str = ""
    asked: list[tuple[str, dict[str, list[str]], str | None]] = field(default_factory=list)
    answer: Callable[[str, Any], tuple[int, bytes]] = honest

    def report(self, path: str, query: dict[str, list[str]]) -> Any:
        nonce = query["nonce"][0]
        if path == "/v1/aci/attestation":
            return anyio.run(self.keys.report, SealedFormat.ACI, nonce, None)
        return anyio.run(self.keys.report, SealedFormat.ORIGINAL, nonce, query["model"][0])


def new_keys() -> EnclaveKeys:
    return EnclaveKeys(IdentityKey.generated(), SystemClock(), 3600, SoftwareEvidence())


@pytest.fixture(scope="module")
def attesting() -> Iterator[Attesting]:
    server = Attesting(new_keys())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            server.asked.append((parts.path, query, self.headers["authorization"]))
            status, body = server.answer(parts.path, server.report(parts.path, query))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.url = f"http://127.0.0.1:{http.server_port}"
        yield server
        http.shutdown()
        thread.join()


@pytest.fixture
def server(attesting: Attesting) -> Attesting:
    attesting.keys = new_keys()
    attesting.asked.clear()
    attesting.answer = honest
    return attesting


def test_it_says_what_is_proved_and_what_is_not(fondaco: Fondaco, server: Attesting) -> None:
    ended = fondaco("enclave", "verify", server.url)
    assert ended.code == 9
    assert "proved    endorsement" in ended.out
    assert "unproved  hardware" in ended.out
    assert "can read what it decrypts" in ended.out
    assert re.search(r"valid until \d{4}-\d\d-\d\d \d\d:\d\d UTC", ended.out)
    assert "Not accepted: no hardware is proved here." in ended.out
    allowed = fondaco("enclave", "verify", server.url, "--allow-software")
    assert allowed.code == 0
    assert "Its operator is trusted, not proved." in allowed.out


def test_every_check_has_its_own_nonce(fondaco: Fondaco, server: Attesting) -> None:
    for suffix in ("", "/", "/v1", "/api/v1/"):
        assert fondaco("enclave", "verify", server.url + suffix, "--allow-software").code == 0
    nonces = [query["nonce"][0] for _, query, _ in server.asked]
    assert len(set(nonces)) == 4
    assert {path for path, _, _ in server.asked} == {"/v1/aci/attestation"}


def test_programs_get_json(fondaco: Fondaco, server: Attesting) -> None:
    told: Any = fondaco("enclave", "verify", server.url, "--allow-software", "--json").json
    assert told["accepted"] is True
    assert {one["outcome"] for one in told["findings"]} == {"proved", "unproved"}
    assert told["report"]["workload_id"] == server.keys.identity.workload_id


def test_a_models_attestation_for_venices_clients_is_checked_too(
    fondaco: Fondaco, server: Attesting
) -> None:
    ended = fondaco(
        "enclave", "verify", server.url, "--allow-software", "--model", "e2ee-llama/3 &x"
    )
    assert ended.code == 0
    assert "proved    tee/key" in ended.out
    assert server.asked[-1][1]["model"] == ["e2ee-llama/3 &x"]


def test_a_report_that_lies_is_not_accepted(fondaco: Fondaco, server: Attesting) -> None:
    server.answer = lambda _, report: (
        200,
        json.dumps({**report, "workload_id": "sha256:\x1b[2J\nproved"}).encode(),
    )
    ended = fondaco("enclave", "verify", server.url, "--allow-software")
    assert ended.code == 9
    assert "failed    identity" in ended.out
    assert "Not accepted: something is wrong." in ended.out
    assert "\x1b" not in ended.out


def test_an_enclave_is_recognised_by_its_pin(
    fondaco: Fondaco, server: Attesting, tmp_path: Path
) -> None:
    pin = tmp_path / "enclave.pin"
    verify = ("enclave", "verify", server.url, "--allow-software", "--pin", str(pin))
    assert "pin" not in fondaco(*verify).out
    first = json.loads(pin.read_text())
    assert first["workload_id"] == server.keys.identity.workload_id
    server.keys.rotate()
    assert "proved    pin" in fondaco(*verify).out
    assert json.loads(pin.read_text())["version"] > first["version"]
    kept, server.keys = pin.read_text(), new_keys()
    ended = fondaco(*verify)
    assert ended.code == 9
    assert "Another enclave was pinned" in ended.out
    assert pin.read_text() == kept


@pytest.mark.parametrize(
    "content", ["", "[]", '{"workload_id": "x"}', '{"workload_id": 1, "version": 1}']
)
def test_a_file_that_is_no_pin_is_refused(
    fondaco: Fondaco, server: Attesting, tmp_path: Path, content: str
) -> None:
    pin = tmp_path / "enclave.pin"
    pin.write_text(content)
    ended = fondaco("enclave", "verify", server.url, "--pin", str(pin))
    assert ended.code == 1
    assert "enclave.pin is no" in ended.err
    assert server.asked == []


def test_a_pin_that_cannot_be_kept_is_one_line(
    fondaco: Fondaco, server: Attesting, tmp_path: Path
) -> None:
    ended = fondaco("enclave", "verify", server.url, "--pin", str(tmp_path / "missing" / "pin"))
    assert ended.code == 1
    assert "could not be written: No such file or directory" in ended.err


def test_a_receipt_is_checked_against_the_report(
    fondaco: Fondaco, server: Attesting, tmp_path: Path
) -> None:
    clock = SystemClock()
    client = AciClient(server.keys.keyset, timestamp=int(clock.now()))
    made = server.keys.opener(client.call(), client.model).receipt(clock.now)
    made.received(b"{}")
    made.forwarded(b"{}")
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(made.finish().document))
    verify = ("enclave", "verify", server.url, "--allow-software", "--receipt", str(file))
    assert "proved    receipt" in fondaco(*verify).out
    file.write_text(json.dumps({**made.finish().document, "served_at": 1}))
    ended = fondaco(*verify)
    assert ended.code == 9
    assert "failed    receipt" in ended.out


def test_a_receipt_that_is_not_there_is_one_line(fondaco: Fondaco, tmp_path: Path) -> None:
    missing = tmp_path / "receipt.json"
    ended = fondaco("enclave", "verify", "http://127.0.0.1:9", "--receipt", str(missing))
    assert ended.code == 1
    assert "cannot be read: No such file or directory" in ended.err


def test_a_key_comes_from_the_environment_and_is_never_shown(
    fondaco: Fondaco, server: Attesting
) -> None:
    verify = ("enclave", "verify", server.url, "--allow-software", "--key-env")
    assert fondaco(*verify, "THEIR_KEY", THEIR_KEY="sk-secret").code == 0
    assert server.asked[-1][2] == "Bearer sk-secret"
    unset = fondaco(*verify, "THEIR_OTHER_KEY")
    assert unset.code == 3
    assert "THEIR_OTHER_KEY" in unset.err
    typed = fondaco(*verify, "sk-typed-by-mistake")
    assert typed.code == 2
    assert "sk-typed" not in typed.err


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, b"{}", "--key-env"),
        (404, b"{}", "status 404"),
        (400, b'{"error":"No model \\u001b[2Jof it","code":"X"}', "status 400: No model"),
        (400, b'{"error":{"message":"Not this one"}}', "status 400: Not this one"),
        (400, b'{"error":[]}', "status 400. Does it"),
        (500, b"", "status 500"),
        (200, b"<html>", "no JSON"),
    ],
)
def test_an_answer_that_is_no_report_exits_with_6(
    fondaco: Fondaco, server: Attesting, status: int, body: bytes, says: str
) -> None:
    server.answer = lambda *_: (status, body)
    ended = fondaco("enclave", "verify", server.url)
    assert ended.code == 6
    assert says in ended.err
    assert "\x1b" not in ended.err


def test_a_server_that_does_not_answer_exits_with_6(fondaco: Fondaco) -> None:
    ended = fondaco("enclave", "verify", "http://127.0.0.1:9")
    assert ended.code == 6
    assert "http://127.0.0.1:9: The server does not answer." in ended.err


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "http://user:secret@host"])
def test_what_is_no_address_exits_with_2(fondaco: Fondaco, url: str) -> None:
    ended = fondaco("enclave", "verify", url)
    assert ended.code == 2
    assert "secret" not in ended.err
