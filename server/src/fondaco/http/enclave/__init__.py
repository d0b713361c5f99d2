"""The HTTP API of an enclave: few endpoints, for its gateway alone."""
