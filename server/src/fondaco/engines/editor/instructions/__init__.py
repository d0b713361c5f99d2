"""Instructions: the words of a prompt as operations."""
