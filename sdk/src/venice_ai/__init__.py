"""The Python client of Fondaco and of the Venice API; its resources are still to come."""

__version__ = "0.1.0"
