"""Shared by engines of speech: sentences, plain text, English phonemes, and the engine itself."""
