"""Confidential calls: what passes between callers and an enclave, which alone can read it."""
