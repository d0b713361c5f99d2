"""The embedded engine: llama.cpp's server as a supervised child process.

Nothing is imported here, because the child process imports this package too.
"""
