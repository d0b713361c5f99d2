"""Streaming: bytes of a response, server-sent events, and chunks accumulated into one response."""
