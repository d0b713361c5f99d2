"""Jobs in SQLite, in the database of the ledger and through its writer."""
