"""Characters: lists and details."""
