"""Child processes: native libraries asked in turns, with batching of requests, and servers of our own supervised."""
