"""The server's process: its start and its output."""
