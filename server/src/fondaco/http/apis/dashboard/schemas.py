"""The body that begins a session, and the session as pages see it."""

from typing import Literal

from pydantic import ConfigDict, Field, SecretStr, model_validator

from fondaco.http.endpoint.fields import Schema

_LONGEST = 256
"""Characters of a token or key; ours have 53."""


class Credentials(Schema):
    """A login token or an API key: one of the two."""

    model_config = ConfigDict(extra="forbid", strict=True)

    login: SecretStr | None = Field(None, min_length=1, max_length=_LONGEST)
    apiKey: SecretStr | None = Field(None, min_length=1, max_length=_LONGEST)  # noqa: N815  # the wire's name

    @model_validator(mode="after")
    def _one_of_both(self) -> "Credentials":
        if (self.login is None) == (self.apiKey is None):
            raise ValueError("Send either `login` or `apiKey`.")
        return self


class SessionTier(Schema):
    """The account's tier."""

    id: str
    isCharged: bool  # noqa: N815


class SessionBalances(Schema):
    """Balances of the account."""

    USD: float
    DIEM: float


class SessionReply(Schema):
    """A session: whose it is, what it may do, and what the account has."""

    account: str
    keyId: str  # noqa: N815
    keyType: Literal["ADMIN", "INFERENCE"]  # noqa: N815
    keyDescription: str  # noqa: N815
    operator: bool = Field(description="Whether the session may manage the server.")
    tier: SessionTier
    balances: SessionBalances
    diemAllocation: float = Field(description="DIEM that the account gets each epoch.")  # noqa: N815
    nextEpochBegins: str  # noqa: N815
    version: str
    docs: bool = Field(description="Whether the documentation site is served at `/docs`.")
