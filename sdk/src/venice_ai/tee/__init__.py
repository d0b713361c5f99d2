"""Chats that only the model itself can read; the flow is still to come."""
