"""Admission: rate limits, concurrency limits and idempotency, checked before funds are held."""
