"""A worker's child whose package needs a system library that is not installed."""

raise ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")
