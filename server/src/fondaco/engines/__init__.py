"""Engines: one file or folder each, none knowing another."""
