"""Engines on this machine, each opened as the settings say."""
