"""Attested Confidential Inference: attestation reports and receipts of encrypted chat."""
