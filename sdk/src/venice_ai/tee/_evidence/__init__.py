"""Evidence of enclaves: attestation reports, hardware quotes, identities, receipts."""
