"""Identity of an enclave in responses, and the scope that separates callers."""

from hashlib import sha256

from fondaco.domain.confidential.sealed import EnclaveIdentity
from fondaco.http.endpoint.endpoint import Caller
from fondaco.http.exchange.headers import lines_of


def identity_lines(identity: EnclaveIdentity) -> bytes:
    """Return an enclave's identity as headers. Source: ACI, section 6.2."""
    return lines_of(
        [
            (b"x-aci-identity", identity.workload_id.encode()),
            (b"x-aci-keyset-digest", identity.keyset_digest.encode()),
        ]
    )


def owner_of(caller: Caller) -> str:
    """Return the digest of a key, under which an enclave stores the key's receipts."""
    return sha256(b"fondaco receipt owner\0" + caller.key.id.encode()).hexdigest()
