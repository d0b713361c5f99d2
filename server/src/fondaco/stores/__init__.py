"""Stores: persistence of accounts, keys, characters and the ledger."""
