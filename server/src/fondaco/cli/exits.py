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
    FAILED = 1, "Failure; a line on stderr gives the reason."
    USAGE = 2, "Invalid command line."
    CONFIGURATION = (
        3,
        "Invalid configuration or character file; one line on stderr per error.",
    )
    HOME = (
        4,
        (
            "The home folder cannot be used: another server uses it, it is not writable, or it has no "
            "database."
        ),
    )
    UNKNOWN = 5, "Unknown account, key, model or character."
    UNREACHABLE = 6, "A download failed, or an engine or server did not answer."
    UNSOUND = 7, "The ledger does not add up, or writes are quarantined."
    ADDRESS = 8, "The server cannot listen on the address: in use, not local, or not permitted."
    UNPROVED = 9, "The attestation of an enclave is invalid or insufficient."
    UNHEALTHY = 10, "`fondaco doctor` found an error."
    NO_SERVER = 11, "No server runs on the home folder."
    KEY = 12, "The server rejected the API key (401), or the key lacks permission (403)."
    FUNDS = 13, "Insufficient balance (402)."
    LIMITED = 14, "Rate limit exceeded (429)."


class FailedError(Exception):
    """A command that cannot go on: one line for people, one code for scripts."""

    def __init__(self, message: str, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
