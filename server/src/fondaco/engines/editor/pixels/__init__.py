"""Pixels: what each operation does to a picture."""
