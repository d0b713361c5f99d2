"""Output formats: JSON schemas and grammars that constrain a model's output, and their size limits."""
