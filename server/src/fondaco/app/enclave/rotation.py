"""New keys on command: a server has its enclave replace them at SIGUSR1."""

import logging
import signal
import threading

import anyio

from fondaco.domain.errors import FondacoError
from fondaco.serving.platform import Platform

log = logging.getLogger("fondaco")


async def rotate_at_signals(platform: Platform) -> None:
    """Have the enclave replace its keys at each SIGUSR1, until cancelled."""
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread receives signals
    try:
        with anyio.open_signal_receiver(signal.SIGUSR1) as signals:
            async for _ in signals:
                await _rotate(platform)
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # else one at the end would kill


async def _rotate(platform: Platform) -> None:
    try:
        identity = await platform.confidential_chat.rotate()
    except FondacoError as error:
        log.warning("enclave: its keys were not replaced: %s", error.code)
    else:
        log.warning("enclave: it has new keys, %s", identity.keyset_digest)
