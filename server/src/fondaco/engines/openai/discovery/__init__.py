"""Discovery: asks an engine for its models and their capabilities; no answer is believed unchecked."""
