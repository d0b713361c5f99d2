"""Identity of an enclave in responses, and the scope by which it tells callers apart."""

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
    """Return the digest under which an enclave keeps a key's receipts, and that tells nothing else of it."""
    return sha256(b"fondaco receipt owner\0" + caller.key.id.encode()).hexdigest()
