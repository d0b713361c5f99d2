"""What enclaves prove: attestation reports, hardware quotes, identities, receipts."""
