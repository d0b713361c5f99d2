"""Requests: a chat request as an OpenAI-compatible body."""
