"""The synchronous client: the asynchronous one, run by an event loop in a thread."""
