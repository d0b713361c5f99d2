"""Evidence of what runs an enclave: one file a provider, behind one port."""
