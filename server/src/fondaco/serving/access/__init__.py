"""Access: API keys, wallet sign-in, and throttling of repeated failures."""
