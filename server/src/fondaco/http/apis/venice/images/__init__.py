"""Venice's endpoints of images."""
