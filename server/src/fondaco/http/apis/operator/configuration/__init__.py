"""The configuration in force, for the server's operator."""
