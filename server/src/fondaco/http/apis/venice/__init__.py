"""The Venice dialect: models, characters, API keys and billing."""
