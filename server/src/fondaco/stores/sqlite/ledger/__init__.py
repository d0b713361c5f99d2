"""The ledger in SQLite: one writer thread and its group commits."""
