"""The dashboard: its pages as static files, and the sessions of people who use them."""
