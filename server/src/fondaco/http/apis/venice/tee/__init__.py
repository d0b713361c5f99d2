"""Attestation and signatures of confidential chat, in Venice's shape."""
