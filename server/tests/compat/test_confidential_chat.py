"""Encrypted chat by the real program and model: both protocols, money, the enclave's death, no content left."""

import contextlib
import json
import os
import secrets
import signal
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli_program import Fondaco
from fondaco.processes import descendants, resident_bytes
from program import MODEL, MODEL_FILE, Program, program, until
from sealed_caller import ORIGINAL, SECP256K1, X25519, OpenedStream, SealedCaller, key_of

TWIN = f"e2ee-{MODEL}"
CANARY = "kanarie" + secrets.token_hex(6)
CHAT = "/api/v1/chat/completions"
LONG = {"max_tokens": 600, "temperature": 0}
"""Of an answer that goes on until its limit."""


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    scratch = tmp_path_factory.mktemp("scratch")
    environ = {
        "FONDACO_SERVER__LOG_LEVEL": "debug",
        "FONDACO_SERVER__ACCESS_LOG": "true",
        "FONDACO_LIMITS__FAILURES": "0",  # much of what is said here is refused
        "FONDACO_CHAT__SYSTEM_PROMPT": f"Say {CANARY} at the start.",
        "TMPDIR": str(scratch),
    }
    with program(tmp_path_factory.mktemp("sealed") / "home", environ=environ) as opened:
        yield opened


def keyset(one: Program) -> Mapping[str, Any]:
    report = one.http.get("/v1/aci/attestation").json()
    found: Mapping[str, Any] = report["attestation"]["workload_keyset"]
    return found


def caller(one: Program, algo: str = X25519, model: str = TWIN) -> SealedCaller:
    return SealedCaller(algo, key_of(keyset(one), algo), model)


def body(one: SealedCaller, *texts: str, **fields: object) -> dict[str, object]:
    messages = one.messages([("user", text) for text in texts or (f"Repeat: {CANARY}",)])
    usual = {"stream": True, "max_tokens": 12, "temperature": 0}
    return {"model": one.model, "messages": messages, **usual, **fields}


def ask(
    one: Program, who: SealedCaller, *texts: str, path: str = CHAT, **fields: object
) -> httpx2.Response:
    reply = one.http.post(path, json=body(who, *texts, **fields), headers=who.headers)
    assert reply.status_code == 200, reply.text
    return reply


def listed_enclave(one: Program) -> Mapping[str, Any]:
    """Return the enclave as the operator's list of engines has it."""
    engines = one.http.get("/api/v1/operator/engines").json()["data"]
    [found] = [engine for engine in engines if engine["id"] == "enclave"]
    shown: Mapping[str, Any] = found
    return shown


def enclaves(one: Program) -> list[int]:
    """Return the process ids of the enclave, which is the server's child."""
    return [pid for pid in one.children() if b"app.enclave" in _command(pid)]


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_nothing_of_the_enclave_runs_before_its_first_call(one: Program) -> None:
    listed = {row["id"]: row for row in one.http.get("/api/v1/models").json()["data"]}
    assert listed[TWIN]["model_spec"]["capabilities"]["supportsE2EE"] is True
    assert enclaves(one) == []
    loaded = Path(f"/proc/{one.process.pid}/maps").read_text()
    assert "site-packages" in loaded
    assert "cryptography" not in loaded  # nor does the server load what its enclave needs
    assert listed_enclave(one)["state"] == "stopped"
    assert listed_enclave(one)["memoryBytes"] is None
    assert enclaves(one) == []  # listing it does not start it
    assert keyset(one)
    assert len(enclaves(one)) == 1


def test_a_running_enclave_is_listed_with_its_process_and_the_memory_of_its_models(
    one: Program,
) -> None:
    ask(one, caller(one))
    [pid] = enclaves(one)
    [model] = descendants(pid)
    shown = listed_enclave(one)
    assert (shown["state"], shown["isLocal"], shown["reason"]) == ("loaded", True, None)
    assert TWIN in shown["models"]
    [process] = shown["processes"]
    assert (process["model"], process["pid"]) == ("enclave", pid)
    held = resident_bytes(model)
    assert held is not None
    assert process["memoryBytes"] == shown["memoryBytes"]
    assert process["memoryBytes"] > held / 2  # what it holds may have changed since
    printed = Fondaco(one.home)("ps")
    assert "enclave" in printed.out


@pytest.mark.parametrize("algo", [ORIGINAL, X25519, SECP256K1])
@pytest.mark.parametrize("path", [CHAT, "/v1/chat/completions"])
def test_a_stream_is_read_by_its_caller_and_charged_by_its_tokens(
    one: Program, algo: str, path: str
) -> None:
    who, before = caller(one, algo), len(one.charged())
    reply = ask(one, who, path=path, stream_options={"include_usage": True})
    opened = who.opened(reply.content)
    assert opened.text()
    assert CANARY.encode() not in reply.content
    assert opened.usage is not None
    charged = {row.sku.rpartition("-llm-")[2]: row.units for row in one.charged()[before:]}
    assert charged == {
        "input-mtoken": opened.usage["prompt_tokens"],
        "output-mtoken": opened.usage["completion_tokens"],
    }


@pytest.mark.parametrize("algo", [ORIGINAL, X25519])
def test_the_receipt_covers_the_bytes_that_arrived(one: Program, algo: str) -> None:
    who = caller(one, algo)
    reply = ask(one, who)
    receipt_id = reply.headers["x-receipt-id"]
    receipt = one.http.get(f"/v1/aci/receipts/{receipt_id}").json()
    returned = next(e for e in receipt["event_log"] if e["type"] == "response.returned")
    assert returned["wire_hash"] == f"sha256:{sha256(reply.content).hexdigest()}"
    assert (receipt["model"], receipt["endpoint"]) == (TWIN, CHAT)
    assert receipt["workload_keyset_digest"] == reply.headers["x-aci-keyset-digest"]
    query = {"model": TWIN, "request_id": receipt_id.removeprefix("rcpt-")}
    signature = one.http.get("/api/v1/tee/signature", params=query)
    assert signature.json()["receipt"] == receipt


def test_a_whole_response_is_read_by_its_caller(one: Program) -> None:
    who = caller(one)
    reply = ask(one, who, stream=False, n=2).json()
    for index, choice in enumerate(reply["choices"]):
        assert who.open(
            choice["message"]["content"], f"choices.{index}.message.content", reply["id"]
        )
    assert len(reply["choices"]) == 2


def test_the_same_answer_comes_encrypted_and_in_plain(one: Program) -> None:
    said = [{"role": "user", "content": "Name three colours."}]
    plain = one.http.post(
        CHAT, json={"model": MODEL, "messages": said, "max_tokens": 12, "temperature": 0}
    ).json()["choices"][0]["message"]["content"]
    who = caller(one)
    assert who.opened(ask(one, who, "Name three colours.").content).text() == plain


@pytest.mark.parametrize("algo", [ORIGINAL, X25519])
def test_what_clients_of_the_service_send_besides_is_taken(one: Program, algo: str) -> None:
    own = {"enable_e2ee": True, "enable_web_search": "off", "include_venice_system_prompt": False}
    who = caller(one, algo)
    reply = ask(one, who, venice_parameters=own, prompt_cache_key="a", user="b", stop=["###"])
    assert who.opened(reply.content).text()


def test_other_names_lead_to_the_twin(one: Program) -> None:
    who = caller(one, X25519, "e2ee-llama-3.3-70b")
    reply = ask(one, who)
    assert reply.headers["x-venice-model-id"] == TWIN
    assert who.opened(reply.content).text()


def test_the_originals_report_says_that_it_proves_nothing(one: Program) -> None:
    query = {"model": TWIN, "nonce": secrets.token_hex(32)}
    report = one.http.get("/api/v1/tee/attestation", params=query).json()
    assert (report["nonce"], report["model"]) == (query["nonce"], TWIN)
    assert (report["verified"], report["tee_provider"]) == (False, "software")
    assert report["signing_key"] == key_of(keyset(one), ORIGINAL)
    assert "intel_quote" not in report


def plain_message(who: SealedCaller) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": f"Repeat: {CANARY}"}]}


def mixed_messages(who: SealedCaller) -> dict[str, object]:
    sealed = who.messages([("user", "Hello")])
    return {"messages": [*sealed, {"role": "system", "content": CANARY}]}


def moved_message(who: SealedCaller) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": who.seal("Hello", "messages.1.content")}]}


def damaged_message(who: SealedCaller) -> dict[str, object]:
    sealed = who.seal("Hello", "messages.0.content")
    return {"messages": [{"role": "user", "content": sealed[:-2] + "00"}]}


def image_inside(who: SealedCaller) -> dict[str, object]:
    parts = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    return {"messages": who.messages([("user", json.dumps(parts))])}


@pytest.mark.parametrize(
    "changed", [plain_message, mixed_messages, moved_message, damaged_message, image_inside]
)
def test_what_is_not_encrypted_as_it_should_be_is_refused_and_free(
    one: Program, changed: Any
) -> None:
    who, before = caller(one), len(one.charged())
    reply = one.http.post(CHAT, json=body(who, **changed(who)), headers=who.headers)
    assert reply.status_code == 400, reply.text
    assert CANARY not in reply.text
    assert len(one.charged()) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"response_format": {"type": "json_object"}},
        {"logprobs": True},
        {"venice_parameters": {"enable_web_search": "on"}},
        {"venice_parameters": {"character_slug": "alan-watts"}},
    ],
)
@pytest.mark.parametrize("algo", [ORIGINAL, X25519])
def test_what_would_pass_in_plain_is_refused_and_free(
    one: Program, fields: dict[str, object], algo: str
) -> None:
    who, before = caller(one, algo), len(one.charged())
    reply = one.http.post(CHAT, json=body(who, **fields), headers=who.headers)
    assert (reply.status_code, len(one.charged())) == (400, before)
    assert "not supported in encrypted requests" in reply.text


def test_a_request_is_answered_once(one: Program) -> None:
    who = caller(one)
    sent, before = body(who), len(one.charged())
    first = one.http.post(CHAT, json=sent, headers=who.headers)
    again = one.http.post(CHAT, json=sent, headers=who.headers)
    assert first.status_code == 200
    assert (again.status_code, again.json()["error"]["type"]) == (400, "e2ee_replay_detected")
    assert len({row.call_id for row in one.charged()[before:]}) == 1


def test_a_hang_up_is_charged_for_what_was_produced(one: Program) -> None:
    who, before = caller(one), len(one.charged())
    sent = body(who, "Tell me a long story about the sea.", **LONG)
    with one.http.stream("POST", CHAT, json=sent, headers=who.headers) as reply:
        next(reply.iter_raw())
    charged = until(lambda: one.charged()[before:], within_s=30)
    output = next(row for row in charged if "output" in row.sku)
    assert 0 < output.units < 600
    assert "caller" in output.notes
    receipt = one.http.get(f"/v1/aci/receipts/{reply.headers['x-receipt-id']}")
    assert receipt.status_code == 404


def test_a_killed_enclave_ends_its_streams_with_an_error_and_comes_back_with_new_keys(
    one: Program,
) -> None:
    who, before = caller(one), len(one.charged())
    sent = body(who, "Tell me a long story about the sea.", **LONG)
    received = b""
    with one.http.stream("POST", CHAT, json=sent, headers=who.headers) as reply:
        for piece in reply.iter_raw():
            if not received:
                (pid,) = enclaves(one)
                os.kill(pid, signal.SIGKILL)
            received += piece
    last = received.rstrip(b"\n").rpartition(b"\n\n")[2]
    assert json.loads(last.removeprefix(b"data: "))["error"]["type"] == "inference_failed"
    assert b"[DONE]" not in received
    charged = until(lambda: one.charged()[before:], within_s=30)
    assert sum(row.units for row in charged if "output" in row.sku) > 0

    def attested_anew() -> str | None:
        reply = one.http.get("/v1/aci/attestation")
        if reply.status_code != 200:
            return None
        return key_of(reply.json()["attestation"]["workload_keyset"], X25519)

    renewed = until(attested_anew, within_s=60)
    assert renewed not in (None, who.model_key)
    stale = SealedCaller(X25519, who.model_key, TWIN)
    refused = one.http.post(CHAT, json=body(stale), headers=stale.headers)
    assert refused.json()["error"]["type"] == "e2ee_model_key_mismatch"
    fresh = caller(one)
    assert isinstance(opened := fresh.opened(ask(one, fresh).content), OpenedStream)
    assert opened.text()


def test_another_key_gets_no_receipt(one: Program) -> None:
    who = caller(one)
    receipt_id = ask(one, who).headers["x-receipt-id"]
    made = {"apiKeyType": "INFERENCE", "description": "other"}
    other = one.http.post("/api/v1/api_keys", json=made).json()["data"]["apiKey"]
    headers = {"Authorization": f"Bearer {other}"}
    reply = one.http.get(f"/v1/aci/receipts/{receipt_id}", headers=headers)
    assert (reply.status_code, reply.json()["error"]["type"]) == (403, "redaction_required")


def test_a_reload_keeps_the_keys_and_one_that_adds_a_model_runs_it_by_new_ones(
    one: Program,
) -> None:
    before, config = keyset(one), one.home / "fondaco.toml"

    def reload(text: str) -> None:
        seen = one.log.read_text().count("configuration: reloaded")
        config.write_text(text)
        one.process.send_signal(signal.SIGHUP)
        until(lambda: one.log.read_text().count("configuration: reloaded") > seen, within_s=60)

    reload("[limits]\nfailure_window_s = 31\n")
    assert keyset(one) == before
    copy = f"""
        [models.copy]
        name = "Copy"
        context_tokens = 1024
        price = {{ input = 1, output = 2 }}
        engines = ["embedded"]
        file = "{MODEL_FILE}"
    """
    reload(copy)
    who = caller(one, X25519, "e2ee-copy")
    assert keyset(one) != before
    assert who.opened(ask(one, who).content).text()


def test_what_was_said_is_found_nowhere(one: Program) -> None:
    who = caller(one)
    said = who.opened(ask(one, who, f"Repeat: {CANARY}").content).text()
    wanted = [CANARY.encode(), CANARY.encode().hex().encode(), said.encode()]
    files = [path for path in one.home.rglob("*") if path.is_file()]
    assert files
    for path in (*files, one.log):
        content = path.read_bytes()
        assert [text for text in wanted if text in content] == [], path
    metrics = one.http.get("/metrics").text
    assert TWIN in metrics
    assert CANARY not in metrics
