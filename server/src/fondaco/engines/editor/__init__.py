"""The built-in image editor: instructions in words, applied to the pixels of a picture."""
