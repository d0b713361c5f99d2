"""`fondaco config`, and how a running server is told to reload its configuration."""
