"""Errors of model files.

```
ModelFileError
└── NoSuchModelFileError
```
"""

import errno


class ModelFileError(Exception):
    """A model file could not be fetched, checked or kept; `str(error)` gives the reason and the remedy."""


class NoSuchModelFileError(ModelFileError):
    """No model file has this name."""


def from_os(error: OSError, what: str) -> ModelFileError:
    """Return what an error of the operating system means for `what` was attempted."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ModelFileError(f"Could not {what}: the disk is full. Free some space and try again.")
    return ModelFileError(f"Could not {what}: {error.strerror or error}.")
