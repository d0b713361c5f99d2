"""Recordings that are written down."""
