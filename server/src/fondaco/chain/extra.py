"""The optional dependencies of the extra `web3`, loaded at the first wallet sign-in."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fondaco.domain.errors import WalletKeysNotInstalledError

_importing = threading.Lock()


@contextmanager
def web3() -> Iterator[None]:
    """Convert a missing library that the block imports into an error for the caller.

    Raises:
        WalletKeysNotInstalledError: the extra is not installed.
    """
    with _importing:  # prevents another thread's import from changing the limit in between
        recursion_limit = sys.getrecursionlimit()
        try:
            yield
        except ModuleNotFoundError as error:
            raise WalletKeysNotInstalledError from error
        finally:
            # py_ecc raises it to 100,000 for the whole process, which would overflow the stack.
            sys.setrecursionlimit(recursion_limit)
