"""API keys: management, wallet sign-in and rate limits."""
