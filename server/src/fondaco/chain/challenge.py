"""Sign-in challenges as JSON Web Tokens: HS256 only, signed by a secret of this process.

Source: GET /api_keys/generate_web3_key, `token`, whose example is such a token.
"""

from functools import partial
from typing import Final

from anyio import CapacityLimiter, to_thread

from fondaco.chain.extra import web3
from fondaco.domain.errors import ProofRefusedError
from fondaco.domain.money.wallet import Challenge

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "fondaco"
_CLAIMS: Final = ["iss", "aud", "jti", "iat", "exp"]


class SignedChallenges:
    """Issues challenges as signed tokens, and accepts only its own.

    The secret is in memory only: a restart invalidates earlier challenges, and nothing is stored.
    """

    def __init__(self, secret: bytes, audience: str) -> None:
        """Sign with a secret of 32 random bytes, for an audience unique to this server."""
        self._secret = secret
        self._audience = audience
        self._threads = CapacityLimiter(2)

    async def write(self, challenge: Challenge) -> str:
        """Return the token that the wallet must sign.

        Raises:
            WalletKeysNotInstalledError: the extra `web3` is not installed.
        """
        return await to_thread.run_sync(self._write, challenge, limiter=self._threads)

    async def read(self, text: str) -> Challenge:
        """Return the challenge in a token; the caller checks its expiry.

        Raises:
            ProofRefusedError: this server did not issue the token.
            WalletKeysNotInstalledError: the extra `web3` is not installed.
        """
        return await to_thread.run_sync(partial(self._read, text), limiter=self._threads)

    def _write(self, challenge: Challenge) -> str:
        with web3():
            import jwt  # noqa: PLC0415 - an extra, and 70 ms of CPU
        claims = {
            "iss": _ISSUER,
            "aud": self._audience,
            "jti": challenge.nonce,
            "iat": challenge.issued_at,
            "exp": challenge.expires_at,
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def _read(self, text: str) -> Challenge:
        with web3():
            import jwt  # noqa: PLC0415 - as above
        try:
            claims = jwt.decode(
                text,
                self._secret,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=_ISSUER,
                # The caller compares times with the `Clock` port.
                options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, RecursionError):
            raise ProofRefusedError(
                "The token was not issued by this server since its last start, or was changed. "
                "Fetch a new one with GET /api/v1/api_keys/generate_web3_key."
            ) from None
        return Challenge(claims["jti"], claims["iat"], claims["exp"])
