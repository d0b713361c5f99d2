"""Evidence of the hardware that runs an enclave: one file a provider, behind one port."""
