"""Work that commands do with a configuration's engines, without a server."""
