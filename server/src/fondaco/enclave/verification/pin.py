"""Pins: facts that identify an enclave later."""

from dataclasses import dataclass

from fondaco.enclave.verification.findings import Finding, Outcome, failed
from fondaco.enclave.verification.json_paths import at, is_integer


@dataclass(frozen=True, slots=True)
class Pin:
    """Pinned facts that identify an enclave later."""

    workload_id: str
    version: int
    """Of its newest keyset."""

    def check(self, report: object) -> Finding:
        """Compare a report, whose own consistency `verify_report` checks."""
        seen = pin_of(report)
        if seen is None or seen.workload_id != self.workload_id:
            return failed(
                "pin",
                f"Another enclave was pinned: {self.workload_id}. Ask its operator, over a channel that you "
                "trust, why its identity changed, before you delete the pin.",
            )
        if seen.version < self.version:
            return failed(
                "pin", "The keyset is older than one that was seen before: it may be replayed."
            )
        return Finding(
            "pin",
            Outcome.PROVED,
            "The identity is the pinned one, and the keyset no older than before.",
        )


def pin_of(report: object) -> Pin | None:
    """Return the pin of a report; None: the report lacks its facts."""
    workload_id = at(report, "workload_id")
    version = at(report, "attestation", "workload_keyset", "keyset_epoch", "version")
    if isinstance(workload_id, str) and is_integer(version):
        return Pin(workload_id, int(version))
    return None
