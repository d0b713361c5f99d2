"""OpenAI's endpoints, with Venice's extensions."""
