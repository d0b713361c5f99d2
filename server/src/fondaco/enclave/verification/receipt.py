"""Receipts."""

from collections.abc import Iterator, Mapping
from typing import Any

from fondaco.enclave.primitives.canonical import NotCanonicalError, canonical
from fondaco.enclave.primitives.signatures import receipt_verifies
from fondaco.enclave.verification.findings import Finding, checked, failed, unproved
from fondaco.enclave.verification.json_paths import at, entries, text


def verify_receipt(receipt: object, *, report: object) -> list[Finding]:
    """Check a receipt against a report, which `verify_report` has checked.

    Source: ACI, sections 8 and 10.2; the hashes of bodies are compared by who has the bodies.
    """
    if at(receipt, "workload_id") != at(report, "workload_id"):
        return [failed("receipt", "The receipt is of another enclave.")]
    if at(receipt, "workload_keyset_digest") != at(report, "workload_keyset_digest"):
        return [
            unproved(
                "receipt",
                "The receipt was signed under another keyset of this enclave, from before a rotation: check "
                "it against the report that was valid then.",
            )
        ]
    return [
        checked(
            "receipt",
            isinstance(receipt, Mapping) and _is_signed(receipt, report),
            "A receipt key of the endorsed keyset signed the receipt.",
            "No receipt key of the endorsed keyset signed the receipt.",
        ),
        *_events(at(receipt, "event_log")),
    ]


def _is_signed(receipt: Mapping[str, Any], report: object) -> bool:
    signature = at(receipt, "signature")
    if not isinstance(signature, Mapping):
        return False
    unsigned = {name: value for name, value in signature.items() if name != "value"}
    try:
        payload = canonical({**receipt, "signature": unsigned})
    except NotCanonicalError:
        return False
    keyset = at(report, "attestation", "workload_keyset")
    return any(
        at(entry, "key_id") == at(signature, "key_id")
        and at(entry, "algo") == at(signature, "algo")
        and receipt_verifies(
            text(entry, "algo"),
            text(entry, "public_key"),
            text(signature, "value"),
            payload,
        )
        for entry in entries(keyset, "receipt_signing_keys")
    )


def _events(log: object) -> Iterator[Finding]:
    events = log if isinstance(log, list) else []
    types = [text(event, "type") for event in events]
    hashes = {kind: at(event, "body_hash") for kind, event in zip(types, events, strict=True)}
    yield checked(
        "receipt/events",
        types[:1] == ["request.received"]
        and {"request.forwarded", "response.returned"} <= set(types)
        and [at(event, "seq") for event in events] == list(range(len(events))),
        "The receipt's events are complete, and in their order.",
        "The receipt's events are incomplete, or out of order.",
    )
    is_changed = hashes.get("request.received") != hashes.get("request.forwarded")
    yield checked(
        "receipt/changes",
        not is_changed or "transparency.request_modified" in types,
        "The receipt says whether the request was changed before the engine: "
        f"{'yes' if is_changed else 'no'}.",
        "The request was changed before the engine, and the receipt does not say so.",
    )
    for kind, event in zip(types, events, strict=True):
        if kind == "upstream.verified":
            yield unproved(
                "receipt/upstream",
                f"The engine {text(event, 'upstream_name')[:80]!r} saw the content, too; the enclave calls "
                f"its verification {text(event, 'result')[:20]!r}.",
            )
