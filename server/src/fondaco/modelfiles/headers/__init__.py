"""Headers of model files, the tables before their weights; none of it is believed unchecked."""
