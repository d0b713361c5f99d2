"""Accounts, keys and charges in SQLite."""
