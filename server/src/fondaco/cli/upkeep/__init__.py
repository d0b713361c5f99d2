"""Upkeep of an installation: backups, and what is wrong with it."""
