"""`fondaco enclave`: identity, measurements and attestation of confidential chat."""

from fondaco.cli.enclave.commands import group

__all__ = ["group"]
