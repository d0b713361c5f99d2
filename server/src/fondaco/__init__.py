"""Fondaco: a private AI inference platform that anyone can run."""

__version__ = "0.1.0"
