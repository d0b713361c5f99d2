"""Replay cache: which requests were seen while their timestamps are still accepted."""

from hashlib import sha256
from math import ceil
from typing import Final

from fondaco.domain.errors import EngineBusyError

_BUCKET_S: Final = 60
_DIGEST_BYTES: Final = 16


class ReplayCache:
    """Remembers requests in buckets of a minute, so that what expired goes at once and memory has a bound."""

    def __init__(self, most: int = 200_000) -> None:
        """Begin empty.

        Args:
            most: requests that are remembered at once, of about 100 bytes each. Beyond it calls are
                refused: to forget one would let it be replayed.
        """
        self._most = most
        self._seen: dict[int, set[bytes]] = {}

    def is_new(self, key: bytes, nonce: str, now: float, until: float) -> bool:
        """Remember a request, and return whether it had not been seen.

        The client's key is not part of what is remembered, as ACI would have it: nothing binds a request to
        it, so that a replay could name another.

        Args:
            key: the enclave's, to which it was encrypted.
            nonce: of the request.
            now: Unix seconds.
            until: Unix seconds after which the request would be refused for its timestamp.

        Raises:
            EngineBusyError: too many requests are remembered.
        """
        for ended in [bucket for bucket in self._seen if bucket * _BUCKET_S < now]:
            del self._seen[ended]
        # A nonce contains no NUL, so different pairs have different bytes.
        name = sha256(nonce.encode() + b"\0" + key).digest()[:_DIGEST_BYTES]
        bucket = self._seen.setdefault(ceil(until / _BUCKET_S), set())
        if any(name in others for others in self._seen.values()):
            # A replay may carry another timestamp.
            return False
        if len(self) >= self._most:
            raise EngineBusyError(
                "The enclave has received too many requests in the last minutes to detect "
                "replays. Try again in a few minutes."
            )
        bucket.add(name)
        return True

    def forget(self) -> None:
        """Forget all: the keys that they were encrypted to are no more."""
        self._seen.clear()

    def __len__(self) -> int:
        return sum(map(len, self._seen.values()))
