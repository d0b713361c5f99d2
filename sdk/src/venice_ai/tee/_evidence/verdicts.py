"""Verdicts on evidence, as sentences, and the rule for enclaves without hardware."""

from collections.abc import Sequence
from typing import TypedDict

from venice_ai.tee._evidence.reading import refused
from venice_ai.tee.types import TeeOptions

IDENTITY_ENDORSED = "The keys are fresh, and endorsed by the identity key that the report names."
NO_GPU = "Whether the model runs on a confidential GPU: no evidence of GPUs is verified here."
NO_RECEIPTS = (
    "That replies arrive whole and in order, and requests with the roles and parameters that they were made "
    "with: the server signs no receipts, so that a relay could drop, repeat or reorder pieces, or change these."
)
KEY_UNBOUND = (
    "That nobody but this client can read the reply: this format does not bind the request to the client's key. A "
    "relay that puts its own key in its place is found at the end, if receipts are signed, and not before."
)
RECEIPTS_OUTSIDE = "That receipts are signed inside the hardware: in this format the quote binds the key of encryption alone."
_SOFTWARE = "Which program holds the keys, and that whoever operates its machine cannot read them: there is no hardware."
_UNVERIFIED = "That the hardware quote is genuine: nothing here could verify it."
_ANY_PROGRAM = "Which program runs in the enclave: no expected_measurements were given."


class Sentences(TypedDict):
    """The two lists of an attestation."""

    proved: tuple[str, ...]
    unproved: tuple[str, ...]


def require_software_allowed(options: TeeOptions) -> None:
    """See that the caller accepts an enclave without hardware.

    Raises:
        TeeAttestationError: They don't.
    """
    if not options.allow_software_attestation:
        raise refused(
            "The server's enclave is software only: no hardware keeps its operator from reading along. If you "
            "trust the operator, say so: TeeOptions(allow_software_attestation=True, pin_file=...).",
            code="TEE_SOFTWARE_ATTESTATION",
        )


def sentences(
    provider: str,
    verifier: str | None,
    options: TeeOptions,
    *,
    proved: Sequence[str],
    unproved: Sequence[str],
) -> Sentences:
    """Return the proved and the unproved facts.

    Args:
        provider: The kind of evidence.
        verifier: The verifier of the hardware quote; None: unverified.
        options: The caller's requirements.
        proved: More of the former.
        unproved: More of the latter.
    """
    if verifier is None:
        return {
            "proved": tuple(proved),
            "unproved": (_SOFTWARE if provider == "software" else _UNVERIFIED, *unproved),
        }
    genuine = f"The quote is genuine by {verifier}, binds the keys to this call's nonce, and debugging is off."
    measured = "The enclave's measurements are the expected ones."
    known = bool(options.expected_measurements)
    return {
        "proved": (genuine, *([measured] if known else []), *proved),
        "unproved": (*([] if known else [_ANY_PROGRAM]), *unproved),
    }
