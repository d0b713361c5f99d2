"""HTTP: transport, connection pools, proxies and headers."""
