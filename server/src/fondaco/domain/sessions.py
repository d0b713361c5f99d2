"""Browser sessions, which replace an API key, and the login tokens that start them."""

from dataclasses import dataclass
from typing import Final

from fondaco.domain.money.account import Account, Key, KeyType, base62

MOST_SESSIONS = 100
"""Sessions of one key at a time; one more ends the one that was used longest ago."""
MOST_LOGINS = 20
"""Login tokens of one account at a time; one more ends the one that expires first."""
DASHBOARD: Final = "Dashboard"
"""The description of the key that sessions by login link belong to."""
COMMAND_LINE: Final = "Command line"
"""The description of the key that sessions of commands belong to."""


@dataclass(frozen=True, slots=True)
class Session:
    """A stored session, without its token. It has the rights of its key."""

    key: Key
    account: Account
    """The owner of the key."""
    used_at: float
    """Unix seconds of its last use, as far as that is recorded."""


def session_token(bits: int) -> str:
    """Return the token of a session for 256 random bits.

    >>> session_token(61)
    'fondaco_s_z000000000000000000000000000000000000000000'
    """
    return f"fondaco_s_{base62(bits)}"


def login_token(bits: int) -> str:
    """Return a login token, good once, for 256 random bits.

    >>> login_token(61)
    'fondaco_l_z000000000000000000000000000000000000000000'
    """
    return f"fondaco_l_{base62(bits)}"


def is_for(key: Key, description: str, now: float) -> bool:
    """Whether new sessions of this description may belong to a key: an ADMIN key that is active."""
    return key.type is KeyType.ADMIN and key.description == description and key.live(now)
