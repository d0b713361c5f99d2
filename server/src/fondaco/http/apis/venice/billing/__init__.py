"""Billing: usage as JSON and CSV."""
