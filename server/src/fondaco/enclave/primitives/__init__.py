"""Primitives of the protocols: canonical JSON, cipher suites, signatures."""
