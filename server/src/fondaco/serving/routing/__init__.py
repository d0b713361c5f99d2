"""Routing: failover between a model's engines, and their health."""
