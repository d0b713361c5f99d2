"""Verification of reports and receipts: proved facts, unproved facts, and faults.

Whoever sends them is not trusted: every value may have any type.
"""
