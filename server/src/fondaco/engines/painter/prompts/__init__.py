"""Prompts read into scenes: words and phrases as data, and the grammar that joins them."""
