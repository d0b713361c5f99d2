"""Shared by engines of speech: texts cut into sentences."""
