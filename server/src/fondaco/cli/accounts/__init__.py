"""Accounts, their keys, balances and usage, and the ledger that records their money."""
