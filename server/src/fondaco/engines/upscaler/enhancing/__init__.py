"""Enhancing: a picture redrawn from a coarser copy, in the look that a prompt names."""
