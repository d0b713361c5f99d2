"""What model files say of themselves, in the tables before their weights; none of it is believed unchecked."""
