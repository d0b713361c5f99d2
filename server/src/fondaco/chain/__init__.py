"""What is known of chains: who owns a wallet, and what its stake gives."""
