"""Speaking HTTP to engines: the one way out for chat, shared by all engines."""
