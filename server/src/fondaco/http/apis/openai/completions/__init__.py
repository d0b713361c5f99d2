"""Completions of raw prompts, OpenAI's older API for text: the request, and the responses to it."""
