"""Whole replies: read to their end before the caller gets any of them."""
