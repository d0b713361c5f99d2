"""Kokoro-82M: speech in nine languages by 54 voices, on onnxruntime in a child process."""
