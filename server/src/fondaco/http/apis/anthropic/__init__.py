"""Anthropic's Messages API, for its clients and Claude Code."""
