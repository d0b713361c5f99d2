"""Videos: jobs that are queued, processed, and retrieved, each by a call of its own."""
