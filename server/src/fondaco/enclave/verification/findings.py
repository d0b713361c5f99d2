"""Findings: outcomes of checks, as sentences for people."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Outcome of a check."""

    PROVED = "proved"
    UNPROVED = "unproved"
    """Nothing contradicts it, and nothing here proves it."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome of one check with its sentence."""

    check: str
    outcome: Outcome
    says: str


def checked(check: str, holds: bool, proved: str, failed: str) -> Finding:  # noqa: FBT001 - the fact itself
    """Return the finding of a check that either holds or fails."""
    return Finding(check, *((Outcome.PROVED, proved) if holds else (Outcome.FAILED, failed)))


def unproved(check: str, says: str) -> Finding:
    """Return that something cannot be verified here."""
    return Finding(check, Outcome.UNPROVED, says)


def failed(check: str, says: str) -> Finding:
    """Return that something is wrong."""
    return Finding(check, Outcome.FAILED, says)
