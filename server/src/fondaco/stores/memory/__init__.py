"""In-memory stores for tests: each refuses what the SQLite store refuses."""
