"""The optional dependencies of the extra `web3`, loaded at the first wallet sign-in."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fondaco.domain.errors import WalletKeysNotInstalledError

_importing = threading.Lock()


@contextmanager
def web3() -> Iterator[None]:
    """Turn the lack of a library that is imported in the block into an error for the caller.

    Raises:
        WalletKeysNotInstalledError: the extra is not installed.
    """
    with _importing:  # else one thread would restore the limit that another one's import has set
        recursion_limit = sys.getrecursionlimit()
        try:
            yield
        except ModuleNotFoundError as error:
            raise WalletKeysNotInstalledError from error
        finally:
            # py_ecc raises it to 100,000 for the whole process, beyond what the stack holds.
            sys.setrecursionlimit(recursion_limit)
