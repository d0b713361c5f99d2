"""Pages of other origins: host names, CORS, and when the cookie of a session counts."""
