"""Replies: chunks and whole bodies as chat events."""
