"""Pixels: the operations, applied to a picture."""
