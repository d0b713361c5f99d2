"""Nonces: each is accepted once, and remembered until its challenge expires."""

from collections.abc import Iterator
from contextlib import contextmanager

from fondaco.domain.errors import FondacoError, ProofRefusedError, RateLimitExceededError
from fondaco.domain.money.wallet import Challenge
from fondaco.ports import Clock

_AGAIN = "Fetch a new one with GET /api/v1/api_keys/generate_web3_key."


class Nonces:
    """Nonces of challenges that were used."""

    def __init__(self, clock: Clock, *, most: int = 10_000) -> None:
        """Remember up to `most` at a time."""
        self._clock = clock
        self._most = most
        self._used: dict[str, int] = {}
        """Nonce -> when it expires."""

    def expect_usable(self, challenge: Challenge) -> None:
        """Check that the challenge is neither used nor expired.

        Raises:
            ProofRefusedError: it has expired, or was answered before.
        """
        if self._clock.now() >= challenge.expires_at:
            raise ProofRefusedError(f"The token has expired. {_AGAIN}")
        if challenge.nonce in self._used:
            raise ProofRefusedError(f"The token has been used before. {_AGAIN}")

    @contextmanager
    def using(self, challenge: Challenge) -> Iterator[None]:
        """Use the challenge within the block; an error in it makes the challenge usable again.

        A cancelled block does not: its progress is unknown.

        Raises:
            ProofRefusedError: it has expired, or was answered before.
            RateLimitExceededError: too many have been answered of late.
        """
        self.expect_usable(challenge)
        self._forget_expired()
        if len(self._used) >= self._most:
            raise RateLimitExceededError(
                "Too many wallet keys were created. Please try again later.", retry_after_s=60
            )
        self._used[challenge.nonce] = challenge.expires_at
        try:
            yield
        except FondacoError:
            del self._used[challenge.nonce]
            raise

    def _forget_expired(self) -> None:
        now = self._clock.now()
        if len(self._used) >= self._most:
            self._used = {nonce: end for nonce, end in self._used.items() if end > now}
