"""The extra `web3`: libraries that are loaded when the first wallet asks, or reported as missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from fondaco.domain.errors import WalletKeysNotInstalledError


@contextmanager
def web3() -> Iterator[None]:
    """Turn the lack of a library that is imported in the block into an error for the caller.

    Raises:
        WalletKeysNotInstalledError: the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise WalletKeysNotInstalledError from error
