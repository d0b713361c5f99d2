"""Media: formats and dimensions of files, read from their own bytes."""
