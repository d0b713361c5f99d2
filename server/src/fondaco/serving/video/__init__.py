"""Videos: jobs that are ordered, worked on, and asked for, each by a call of its own."""
