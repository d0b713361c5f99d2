"""Schemas: requests as they are validated, and replies as OpenAPI shows them."""
