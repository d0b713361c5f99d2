"""The workload keyset: an enclave's identity, and the keys that it endorses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from venice_ai.tee._crypto.canonical import canonical, digest
from venice_ai.tee._crypto.signatures import is_signed
from venice_ai.tee._evidence.reading import integer_in, object_in, objects_in, refused, text_in
from venice_ai.tee.types import ModelKey

_LONGEST_LIFE_S = 400 * 86400
"""A keyset that ends later has no end to speak of. Source: ACI, section 4.7."""


@dataclass(frozen=True, slots=True)
class Keyset:
    """A keyset, of which nothing is trusted yet but its form.

    Source:
        ACI, section 4.2.
    """

    document: Mapping[str, Any]
    digest: str
    identity: ModelKey
    workload_id: str
    version: int
    not_after: int
    receipt_keys: Mapping[str, ModelKey]
    """Those that sign receipts, by their ids."""
    encryption_keys: tuple[ModelKey, ...]

    def check(self, attestation: Mapping[str, Any], nonce: str, now: float) -> None:
        """See that a report's attestation is this keyset's, and that both are fresh.

        Args:
            attestation: The object of that name in a report.
            nonce: The nonce of the request.
            now: Unix time in seconds.

        Raises:
            TeeAttestationError: A digest, a signature or a time is wrong.

        Source:
            ACI, section 10.1, steps 2 to 6.
        """
        statement = {
            "purpose": "aci.report_data.v1",
            "workload_id": self.workload_id,
            "workload_keyset_digest": self.digest,
            "nonce": nonce,
        }
        if text_in(attestation, "report_data") != digest(canonical(statement))[7:]:
            raise refused(
                "The report's data do not bind these keys to this call's nonce: it may be an old one."
            )
        self._check_endorsement(object_in(attestation, "keyset_endorsement"))
        if now >= self.not_after:
            raise refused(
                f"The enclave's keys ended at {self.not_after!r} (Unix time); it has to make new ones."
            )
        if self.not_after - now > _LONGEST_LIFE_S:
            raise refused(
                f"The enclave's keys are to last until {self.not_after!r}, which is not a bounded time."
            )

    def _check_endorsement(self, endorsement: Mapping[str, Any]) -> None:
        payload = canonical(
            {"purpose": "aci.keyset.endorsement.v1", "workload_keyset_digest": self.digest}
        )
        if text_in(endorsement, "algo") != self.identity.algo:
            raise refused(
                "The keyset's endorsement names another algorithm than its identity key has."
            )
        if not is_signed(self.identity, text_in(endorsement, "value"), payload):
            raise refused("The identity key did not sign this keyset.")


def keyset_of(document: Mapping[str, Any]) -> Keyset:
    """Return a keyset from its document.

    Raises:
        TeeAttestationError: It has not the form of one, or one key serves two purposes.
    """
    identity = _key(object_in(object_in(document, "workload_identity"), "public_key"))
    epoch = object_in(document, "keyset_epoch")
    signing = {
        text_in(one, "key_id"): _key(one) for one in objects_in(document, "receipt_signing_keys")
    }
    encryption = tuple(_key(one) for one in objects_in(document, "e2ee_public_keys"))
    if len(signing) < len(objects_in(document, "receipt_signing_keys")):
        raise refused("Two of the keyset's receipt keys have the same id.")
    roles = [
        {identity.public_key},
        {one.public_key for one in signing.values()},
        {one.public_key for one in encryption},
    ]
    if len(set.union(*roles)) < sum(map(len, roles)):
        raise refused("One key of the keyset serves two purposes.")
    try:
        workload_id = digest(canonical(document["workload_identity"]["public_key"]))
        keyset_digest = digest(canonical(document))
    except ValueError as error:
        raise refused(f"The keyset cannot be hashed. {error}") from error
    return Keyset(
        document,
        keyset_digest,
        identity,
        workload_id,
        integer_in(epoch, "version"),
        integer_in(epoch, "not_after"),
        signing,
        encryption,
    )


def _key(entry: Mapping[str, Any]) -> ModelKey:
    return ModelKey(text_in(entry, "algo"), text_in(entry, "public_key").lower().removeprefix("0x"))
