"""API keys: creation, listing, change and deletion."""
