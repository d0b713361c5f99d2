"""Verification of reports and receipts: proved facts, unproved facts, and faults.

The sender is not trusted: every value may have any type.
"""
