"""Enhancing: a picture drawn anew from a coarser copy, in the look that a prompt names."""
