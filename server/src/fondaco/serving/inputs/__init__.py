"""Inputs: images, audio and video that callers send, checked and converted for the engine."""
