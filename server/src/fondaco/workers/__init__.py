"""Child processes that run native libraries, and batching of requests to them."""
