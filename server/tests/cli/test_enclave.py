"""`fondaco enclave`: an enclave apart from its gateway."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from cli_program import Fondaco
from fondaco.clients.connect import connect
from fondaco.domain.confidential.sealed import EnclaveIdentity
from fondaco.engines.enclave.engine import RemoteEnclave
from fondaco.processes import environment_of_child
from program import MODEL, program, until
from sealed_caller import X25519, SealedCaller, key_of

TOKEN = "0123456789abcdef"
VARIABLES = {"ENCLAVE_TOKEN": TOKEN}
WITH_TOKEN = ("--token-env", "ENCLAVE_TOKEN")


@contextmanager
def enclave(home: Path) -> Iterator[str]:
    """Run an enclave; yield its address."""
    arguments = ("--listen", "127.0.0.1:0", *WITH_TOKEN, "--home", str(home))
    with subprocess.Popen(
        [sys.executable, "-m", "fondaco", "enclave", *arguments],
        env=environment_of_child() | VARIABLES,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().removeprefix("The enclave listens on ").strip()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def identity(url: str) -> EnclaveIdentity:
    async def ask() -> EnclaveIdentity:
        client = connect(url, key=TOKEN)
        try:
            return await RemoteEnclave("enclave", client).identity()
        finally:
            await client.aclose()

    return anyio.run(ask)


def test_it_serves_gateways_and_gets_other_keys_by_command(tmp_path: Path) -> None:
    fondaco = Fondaco(tmp_path)
    with enclave(tmp_path) as url:
        before = identity(url)
        done = fondaco("enclave", "rotate", url, *WITH_TOKEN, **VARIABLES)
        assert done.code == 0, done.err
        after = identity(url)
        assert after.workload_id == before.workload_id
        assert after.keyset_digest != before.keyset_digest
        assert after.keyset_digest in done.out
        wrong = {"ENCLAVE_TOKEN": "another"}
        refused = fondaco("enclave", "rotate", url, *WITH_TOKEN, **wrong)
        assert refused.code == 6
        assert "refuses the gateway's token" in refused.err
        assert identity(url) == after
    gone = fondaco("enclave", "rotate", url, *WITH_TOKEN, **VARIABLES)
    assert gone.code == 6
    assert f"{url}: The enclave does not answer." in gone.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 3, "enclave.token is missing"),
        (WITH_TOKEN, 3, "'env:ENCLAVE_TOKEN' is not set"),
        (("--listen", "8100"), 2, "HOST:PORT"),
        (("rotate", "localhost:8100"), 3, "enclave.token is missing"),
        (("rotate",), 1, "No server runs"),
    ],
)
def test_what_it_cannot_run_by_is_said(
    tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = Fondaco(tmp_path)("enclave", *arguments)
    assert done.code == code, done.err
    assert says in done.err


def test_a_token_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    done = Fondaco(tmp_path)("enclave", *WITH_TOKEN, ENCLAVE_TOKEN="sesame")
    assert done.code == 3
    assert "enclave.token has 6 characters" in done.err
    assert "openssl rand -hex 32" in done.err
    assert "sesame" not in done.err


def test_other_machines_reach_it_only_if_allowed(tmp_path: Path) -> None:
    arguments = ("--listen", "0.0.0.0:0", *WITH_TOKEN)
    done = Fondaco(tmp_path)("enclave", *arguments, **VARIABLES)
    assert done.code == 8
    assert "--allow-remote" in done.err


def test_a_running_servers_enclave_gets_other_keys_by_command(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with program(home) as server:

        def keyset_digest() -> object:
            return server.http.get("/v1/aci/attestation").json()["workload_keyset_digest"]

        before = keyset_digest()
        done = Fondaco(home)("enclave", "rotate")
        assert (done.code, str(server.process.pid) in done.out) == (0, True), done.err
        until(lambda: keyset_digest() != before, within_s=60)


def test_a_server_answers_by_an_enclave_elsewhere(tmp_path: Path) -> None:
    with enclave(tmp_path / "vault") as url:
        there = {"FONDACO_ENCLAVE__BASE_URL": url, "FONDACO_ENCLAVE__TOKEN": "env:ENCLAVE_TOKEN"}
        with program(tmp_path / "home", environ=there | VARIABLES) as server:
            report = server.http.get("/v1/aci/attestation").json()
            assert report["workload_id"] == identity(url).workload_id
            keys = report["attestation"]["workload_keyset"]
            caller = SealedCaller(X25519, key_of(keys, X25519), f"e2ee-{MODEL}")
            messages = caller.messages([("user", "Name the capital of Italy.")])
            body = {"model": caller.model, "messages": messages, "stream": True, "max_tokens": 12}
            reply = server.http.post(
                "/api/v1/chat/completions", json=body | {"temperature": 0}, headers=caller.headers
            )
            assert "Rome" in caller.opened(reply.content).text()
            assert not [pid for pid in server.children() if b"enclave" in command(pid)]


def command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
