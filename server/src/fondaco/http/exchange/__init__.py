"""Exchanges: one request and its response, whatever connection carries them."""
