"""Requests for responses: the body, its items and tools, and their conversion to the domain."""
