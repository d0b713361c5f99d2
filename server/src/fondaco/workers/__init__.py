"""Child processes: workers for native libraries, with queues and batching, and supervision of server processes."""
