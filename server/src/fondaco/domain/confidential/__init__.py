"""Confidential calls: content that passes between callers and an enclave, which alone can read it."""
