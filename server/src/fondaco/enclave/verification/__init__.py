"""Verification of reports and receipts: what each proves, what it does not, and what is wrong.

Whoever sends them is not trusted: every value may have any type.
"""
