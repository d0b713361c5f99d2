"""Stores: where accounts, keys and the ledger are kept."""
