"""Content that an operator adds: characters, and documents that web search finds."""
