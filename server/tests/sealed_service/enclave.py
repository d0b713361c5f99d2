"""A fake enclave: its keys, its reports, its receipts, and a model that says what the test wants."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag

from sealed_service.protocol import (
    SECP256K1,
    VENICE,
    X25519,
    AnyPrivateKey,
    Json,
    Signer,
    address_of,
    compact,
    decrypt,
    encrypt,
    jcs,
    new_key,
    public_of,
    sha256,
    tdx_quote,
)

REPLY_ID = "chatcmpl-1"


def now() -> int:
    return int(time.time())  # noqa: TID251 - clients compare it with their own clock


class RefusedError(Exception):
    """The enclave refuses a request, with an error of ACI's."""


@dataclass
class Said:
    """What the model says in one choice."""

    content: tuple[str, ...] = ("Hel", "lo ", "wörld")
    reasoning: tuple[str, ...] = ()


@dataclass
class Enclave:
    """The keys of one installation."""

    identity: Signer = field(default_factory=Signer)
    receipts: Signer = field(default_factory=Signer)
    suites: tuple[str, ...] = (X25519, SECP256K1)
    hardware: bool = False
    debug: bool = False
    version: int = 1
    keys: dict[str, AnyPrivateKey] = field(default_factory=dict)
    said: tuple[Said, ...] = (Said(),)
    seen: list[list[Any]] = field(default_factory=list)
    """The messages of each request, decrypted."""
    bodies: list[Json] = field(default_factory=list)
    """Requests as they were decrypted."""
    signed: dict[str, Json] = field(default_factory=dict)
    upstream: Json | None = None
    nonces: set[str] = field(default_factory=set)
    not_after: int = 0

    def __post_init__(self) -> None:
        self.rotate()

    def rotate(self) -> None:
        self.not_after = now() + 86400
        self.version += 1
        self.keys = {algo: new_key(algo) for algo in (*self.suites, VENICE)}
        self.receipts = Signer(self.receipts.algo)

    # What it says of itself

    def keyset(self) -> Json:
        return {
            "workload_identity": {
                "public_key": {"algo": self.identity.algo, "public_key": self.identity.public},
                "subject": None,
            },
            "keyset_epoch": {
                "version": self.version,
                "not_after": self.not_after,
            },
            "receipt_signing_keys": [
                {"key_id": "r1", "algo": self.receipts.algo, "public_key": self.receipts.public}
            ],
            "e2ee_public_keys": [
                {"key_id": algo, "algo": algo, "public_key": public_of(key).hex()}
                for algo, key in self.keys.items()
            ],
            "tls_public_keys": [],
        }

    @property
    def workload_id(self) -> str:
        return sha256(jcs({"algo": self.identity.algo, "public_key": self.identity.public}))

    def report(self, nonce: str) -> Json:
        keyset = self.keyset()
        digest = sha256(jcs(keyset))
        statement = {
            "purpose": "aci.report_data.v1",
            "workload_id": self.workload_id,
            "workload_keyset_digest": digest,
            "nonce": nonce,
        }
        report_data = sha256(jcs(statement)).removeprefix("sha256:")
        payload = {"purpose": "aci.keyset.endorsement.v1", "workload_keyset_digest": digest}
        quote = tdx_quote(bytes.fromhex(report_data), debug=self.debug).hex()
        return {
            "api_version": "aci/1",
            "workload_id": self.workload_id,
            "workload_keyset_digest": digest,
            "attestation": {
                "vendor": "fake",
                "tee_type": "tdx" if self.hardware else "none",
                "workload_keyset": keyset,
                "report_data": report_data,
                "keyset_endorsement": {
                    "algo": self.identity.algo,
                    "value": self.identity.sign(jcs(payload)),
                },
                "source_provenance": {"repo_url": "https://example.com", "repo_commit": "abc"},
                "freshness": {"fetched_at": now(), "stale_after": now() + 3600},
                "evidence": {"quote": quote} if self.hardware else {"provider": "software"},
            },
            "service_capabilities": {"supported_e2ee_versions": ["2"]},
        }

    def original_reply(self, model: str, nonce: str) -> Json:
        key = public_of(self.keys[VENICE])
        told: Json = {
            "nonce": nonce,
            "model": model,
            "signing_key": key.hex(),
            "signing_public_key": key.hex(),
            "signing_address": address_of(key),
            "signing_algo": "ecdsa",
            "attestation": self.report(nonce)["attestation"],
        }
        if not self.hardware:
            return {**told, "verified": False, "tee_provider": "software"}
        data = bytes.fromhex(address_of(key)[2:]) + bytes(12) + bytes.fromhex(nonce)
        return {
            **told,
            "verified": True,
            "tee_provider": "tdx",
            "intel_quote": tdx_quote(data, debug=self.debug).hex(),
            "server_verification": {
                "tdx": {"valid": True, "signatureValid": True},
                "signingAddressBinding": {"bound": True, "reportDataAddress": address_of(key)},
                "nonceBinding": {"bound": True, "method": "raw"},
            },
        }

    # What it answers

    def answer(self, headers: Mapping[str, str], body: Json) -> list[bytes]:
        """Return the reply's events, or its one whole body; the receipt is kept."""
        call = Call(self, headers, body)
        clear = call.opened()
        self.bodies.append(clear)
        self.seen.append([one["content"] for one in clear["messages"]])
        pieces = [*call.events()] if body.get("stream") else [compact(call.whole())]
        self.sign(body["model"], clear, b"".join(pieces))
        return pieces

    def sign(self, model: str, clear: Json, wire: bytes) -> None:
        hashed = sha256(compact(clear))
        events: list[Json] = [
            {"type": "request.received", "body_hash": hashed},
            {"type": "request.forwarded", "body_hash": sha256(b"rewritten")},
            {"type": "transparency.request_modified"},
            *([self.upstream] if self.upstream else []),
            {
                "type": "response.returned",
                "cleartext_hash": sha256(b"?"),
                "wire_hash": sha256(wire),
            },
            {"type": "transparency.response_modified"},
        ]
        receipt: Json = {
            "api_version": "aci/1",
            "receipt_id": f"rcpt-{REPLY_ID}",
            "chat_id": REPLY_ID,
            "model": model,
            "workload_id": self.workload_id,
            "workload_keyset_digest": sha256(jcs(self.keyset())),
            "endpoint": "/v1/chat/completions",
            "method": "POST",
            "served_at": now(),
            "event_log": [{"seq": seq, **event} for seq, event in enumerate(events)],
            "signature": {"algo": self.receipts.algo, "key_id": "r1"},
        }
        value = self.receipts.sign(jcs(receipt), recoverable=True)
        receipt["signature"] = {**receipt["signature"], "value": value}
        self.signed[REPLY_ID] = self.signed[f"rcpt-{REPLY_ID}"] = receipt


class Call:
    """One request, by either protocol."""

    def __init__(self, enclave: Enclave, headers: Mapping[str, str], body: Json) -> None:
        self._enclave = enclave
        self._body = body
        self._bound: Json | None = None
        if "x-venice-tee-client-pub-key" in headers:
            self._algo, named = VENICE, headers["x-venice-tee-model-pub-key"]
            self._client = bytes.fromhex(headers["x-venice-tee-client-pub-key"])
            if not body.get("stream"):
                raise RefusedError("e2ee_invalid_version")
        else:
            if headers.get("x-e2ee-version") != "2":
                raise RefusedError("e2ee_header_missing")
            named = headers["x-model-pub-key"]
            self._client = bytes.fromhex(headers["x-client-pub-key"])
            self._algo = next(
                (a for a, k in enclave.keys.items() if public_of(k).hex() == named), X25519
            )
            self._bound = {
                "algo": self._algo,
                "model": body["model"],
                "nonce": headers["x-e2ee-nonce"],
                "ts": int(headers["x-e2ee-timestamp"]),
            }
        if self._bound is not None:
            self._expect_fresh()
        if named != public_of(enclave.keys[self._algo]).hex():
            raise RefusedError("e2ee_model_key_mismatch")

    def _expect_fresh(self) -> None:
        assert self._bound is not None
        if abs(now() - self._bound["ts"]) > 300:
            raise RefusedError("e2ee_invalid_timestamp")
        if self._bound["nonce"] in self._enclave.nonces:
            raise RefusedError("e2ee_replay_detected")
        self._enclave.nonces.add(self._bound["nonce"])

    def _aad(self, purpose: str, place: str, **more: str) -> bytes | None:
        if self._bound is None:
            return None
        return jcs({"purpose": f"aci.e2ee.{purpose}.v2", **self._bound, "field": place, **more})

    def opened(self) -> Json:
        key = self._enclave.keys[self._algo]
        messages = []
        for index, one in enumerate(self._body["messages"]):
            aad = self._aad("request", f"messages.{index}.content")
            try:
                text = decrypt(self._algo, one["content"], key, aad)
            except (InvalidTag, ValueError):
                raise RefusedError("e2ee_decryption_failed") from None
            messages.append({**one, "content": self._restored(text)})
        return {**self._body, "messages": messages}

    def _restored(self, text: str) -> object:
        try:
            value = json.loads(text)
        except ValueError:
            return text
        return value if isinstance(value, list) and self._bound is not None else text

    def _sealed(self, text: str, place: str) -> str:
        return encrypt(self._algo, text, self._client, self._aad("response", place, id=REPLY_ID))

    def _head(self, kind: str) -> Json:
        return {"id": REPLY_ID, "object": kind, "created": 1, "model": self._body["model"]}

    def whole(self) -> Json:
        choices = []
        for index, said in enumerate(self._enclave.said):
            place = f"choices.{index}.message"
            message = {
                "role": "assistant",
                "content": self._sealed("".join(said.content), f"{place}.content"),
            }
            if said.reasoning:
                text = "".join(said.reasoning)
                message["reasoning_content"] = self._sealed(text, f"{place}.reasoning_content")
            choices.append({"index": index, "message": message, "finish_reason": "stop"})
        return {**self._head("chat.completion"), "choices": choices, "usage": USAGE}

    def events(self) -> Iterator[bytes]:
        yield b": ping\n\n"
        for index, said in enumerate(self._enclave.said):
            yield self._event(index, {"role": "assistant", "content": ""})
            for name, texts in (("reasoning_content", said.reasoning), ("content", said.content)):
                for text in texts:
                    sealed = self._sealed(text, f"choices.{index}.delta.{name}")
                    yield self._event(index, {name: sealed})
        for index in range(len(self._enclave.said)):
            yield self._event(index, {}, "stop")
        if (self._body.get("stream_options") or {}).get("include_usage"):
            yield _event({**self._head("chat.completion.chunk"), "choices": [], "usage": USAGE})
        yield b"data: [DONE]\n\n"

    def _event(self, index: int, delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        return _event({**self._head("chat.completion.chunk"), "choices": [choice]})


USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def _event(chunk: Json) -> bytes:
    return b"data: " + compact(chunk) + b"\n\n"
