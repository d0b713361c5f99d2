"""Videos as files: frames and sounds encoded as MP4, and what engines elsewhere send made into it."""
