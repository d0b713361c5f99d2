"""Models: catalogue entries and the names that resolve to them."""
