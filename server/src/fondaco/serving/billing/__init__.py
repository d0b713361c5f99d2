"""Billing: holds, metering and settlement of paid calls over the ledger."""
