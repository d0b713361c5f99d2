"""Discovery: an engine is asked which models it serves, and what they can do; nothing it says is believed."""
