"""The enclave: keys, sealed fields, reports and receipts of confidential chat; it knows no HTTP."""
