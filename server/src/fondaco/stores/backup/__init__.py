"""Backups: a home's state in one file, and homes restored from it."""
