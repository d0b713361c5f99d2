"""Wallets: API keys for wallets that sign a challenge."""
