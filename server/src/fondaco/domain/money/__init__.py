"""Money: exact amounts, prices and usage; accounts, their keys and limits; the ledger's records."""
