"""The charge log: an append-only file in which a charge is durable before SQLite has it."""
