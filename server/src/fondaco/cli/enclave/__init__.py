"""`fondaco enclave`: confidential chat's identity, its measurements, and what a server proves of itself."""

from fondaco.cli.enclave.commands import group

__all__ = ["group"]
