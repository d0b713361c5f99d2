"""Primitives of both protocols: canonical JSON, cipher suites, signatures, addresses."""
