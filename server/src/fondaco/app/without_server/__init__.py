"""What commands do by the engines of a configuration, without a server."""
