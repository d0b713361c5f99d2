"""The command line: the program, and what its commands share; a room for each group of commands."""
