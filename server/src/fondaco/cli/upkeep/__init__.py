"""Upkeep of an installation: backups, and a search for faults."""
