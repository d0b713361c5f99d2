"""Endpoints: the definition of one, its body and validation, and its responses."""
