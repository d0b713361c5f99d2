"""The built-in upscaler: enlarges pictures with a small neural network, and redraws their details."""
