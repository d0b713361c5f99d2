"""The edge: host checks, authentication, routing, and errors as responses."""
