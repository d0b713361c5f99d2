"""The provider without hardware, which declares that nothing is proved."""

from typing import Final

from fondaco.enclave.evidence.provider import Evidence

STATEMENT: Final = (
    "No hardware protects this enclave: it is a process of its own, and nothing more. Its operator, and "
    "whoever controls its machine, can read its memory. The identity key proves that an installation is "
    "the same as before, and not what runs there."
)


class SoftwareEvidence:
    """An ordinary process."""

    name = "software"
    tee_type = "none"
    hardware: str | None = None
    identity_in_memory = False

    async def evidence(self, report_data: bytes) -> Evidence:
        """Return a statement that there is none."""
        return Evidence({"provider": self.name, "statement": STATEMENT})
