"""Confidential chats; not implemented yet."""
