"""Scale's dialect: chat completions and models."""
