"""Built-in video model: a still, and the camera that moves over it."""
