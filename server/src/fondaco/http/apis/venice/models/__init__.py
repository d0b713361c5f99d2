"""Models, their traits and compatibility names."""
