"""Sound: files of speech, encoded in a child process."""
