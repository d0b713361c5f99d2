"""Videos as files: frames and sounds encoded as MP4, and videos of remote engines converted to it."""
