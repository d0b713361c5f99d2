"""Output processing: reasoning, output formats and tool calls, between the engine and the caller."""
