"""Accounts: listed, opened, changed and granted funds by the server's operator."""
