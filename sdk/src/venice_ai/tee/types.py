"""Options of confidential chats."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["TeeOptions"]


@dataclass(frozen=True, slots=True)
class TeeOptions:
    """How an enclave is to prove what it is."""

    nonce: str | None = None
    """In hexadecimal; the proof has to repeat it, so that an old one will not do. None: a random one."""
    quote_verifier: Callable[[str], bool] | None = None
    """Given the enclave's quote, says whether it is genuine. None: the server's word is taken."""
