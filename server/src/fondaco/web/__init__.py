"""The web: guarded egress, pages as text, and search."""
