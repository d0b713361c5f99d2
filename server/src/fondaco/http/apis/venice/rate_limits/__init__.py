"""Rate limits: those of a key, and the log of requests that exceeded them."""
