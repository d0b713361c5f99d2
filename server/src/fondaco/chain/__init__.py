"""Wallet sign-in: challenges, signatures, and the allocation of a wallet's stake."""
