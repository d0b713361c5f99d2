"""Sound: files of speech encoded, and those of recordings decoded, in child processes."""
