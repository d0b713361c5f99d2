"""Surface of pictures: arrays of pixels, vector drawing over them, noise and colours."""
