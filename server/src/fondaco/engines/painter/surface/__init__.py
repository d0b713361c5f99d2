"""What pictures are made of: arrays of pixels, vector drawing over them, noise and colours."""
