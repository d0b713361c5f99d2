"""State in one SQLite file: read journal.py for the ledger's hot path, books.py for administration."""
