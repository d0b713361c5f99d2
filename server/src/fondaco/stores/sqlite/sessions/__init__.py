"""Sessions and login tokens, stored as keyed hashes only."""
