"""HTTP clients for engines: transport only."""
