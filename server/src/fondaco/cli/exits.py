"""Exit codes of the program."""

from enum import IntEnum
from typing import Self


class Exit(IntEnum):
    """The exit codes of every command."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """Make a code that knows its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "Success."
    FAILED = 1, "Failure; the line on stderr says why."
    USAGE = 2, "Invalid command line."
    CONFIGURATION = (
        3,
        "The configuration, or a character's file, is invalid: one line on stderr per error.",
    )
    HOME = (
        4,
        "The home folder cannot be used: in use by another server, not writable, or without a database.",
    )
    UNKNOWN = 5, "Unknown account, key, model or character."
    UNREACHABLE = 6, "A model could not be downloaded, or an engine or a server does not answer."
    UNSOUND = 7, "The ledger does not add up."
    ADDRESS = 8, "The address cannot be listened on: taken, not this machine's, or not allowed."
    UNPROVED = 9, "An enclave's attestation is false, or proves less than was asked for."
    UNHEALTHY = 10, "`fondaco doctor` found an error."
    NO_SERVER = 11, "No server runs on the home folder."
    KEY = 12, "The server does not accept the API key, or not for this: 401 or 403."
    FUNDS = 13, "The account's balance does not suffice: 402."
    LIMITED = 14, "A rate limit is exceeded: 429."


class FailedError(Exception):
    """A command that cannot go on: one line for people, one code for scripts."""

    def __init__(self, message: str, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
