"""The server's status at a glance, for its operator."""
