"""Image files: read and written by Pillow in a child process."""
