"""Engines: their state, calls and memory, for the server's operator."""
