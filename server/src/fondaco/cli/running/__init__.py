"""The server's process: how it is started and what it prints."""
