"""Engines elsewhere that make pictures, or videos, and nothing else: opened by their rows."""
