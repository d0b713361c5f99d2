"""The OpenAI dialect: chat completions, with Venice's extensions."""
