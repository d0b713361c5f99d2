"""State in one SQLite file: `ledger/journal.py` is the hot path, `accounts/admin_store.py` administration."""
