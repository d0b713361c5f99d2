"""Confidential chat composed: the enclave's program, and how a gateway opens it."""
