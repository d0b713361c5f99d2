"""The command line: the program, code that its commands share, and a room for each group of commands."""
