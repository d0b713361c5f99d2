"""OpenAI's endpoints of images."""
