"""One chat call: its events, and its fast path."""
