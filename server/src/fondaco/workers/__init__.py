"""Child processes that run native libraries, asked over pipes, and batches of what they are asked."""
