"""Parts of the engines on this machine: what one needs of another."""
