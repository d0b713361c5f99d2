"""Videos by an API of this server's own kind: queued, looked at until they are complete, deleted."""
