"""Tables, rows, connections and migrations."""
