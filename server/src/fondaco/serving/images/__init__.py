"""Images: the use cases that generate, edit and upscale them."""
