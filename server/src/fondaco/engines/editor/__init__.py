"""The built-in image editor: what an instruction's words ask for, done to the pixels of a picture."""
