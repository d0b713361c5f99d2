"""The enclave as its gateway reaches it: a child of its own, or a program on another host."""
