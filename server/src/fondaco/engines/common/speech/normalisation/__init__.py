"""Text normalisation: numbers, amounts, dates, addresses and abbreviations of English, as spoken."""
