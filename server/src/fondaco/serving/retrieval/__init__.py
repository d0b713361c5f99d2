"""Retrieval: web search and scraping for a call, inserted into its context."""
