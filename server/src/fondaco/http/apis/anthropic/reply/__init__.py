"""Replies of Anthropic's messages: one body, or a stream of named events."""
