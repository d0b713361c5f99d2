"""Headers of model files, the tables before their weights. Every value is checked."""
