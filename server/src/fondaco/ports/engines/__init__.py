"""The ports of engines: one for each kind of result."""
