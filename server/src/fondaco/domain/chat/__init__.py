"""Chat: requests, messages and events, as engines take and produce them."""
