"""Downloads of known models, for the server's operator."""
