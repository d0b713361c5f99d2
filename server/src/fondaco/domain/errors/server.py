"""Errors on the server's side: engines, storage, optional libraries, shutdown."""

from typing import ClassVar

from fondaco.domain.errors.root import FondacoError
from fondaco.domain.extras import how_to_install


class InferenceFailedError(FondacoError):
    """The engine failed at the call."""

    code = "INFERENCE_FAILED"
    default = "Inference processing failed"


class FileNotWrittenError(InferenceFailedError):
    """An engine made a picture, and the server failed to write its file: no other engine is tried."""

    default = (
        "The image was generated, but the server could not encode its file. Nothing was charged; try again in a "
        "moment."
    )


class EngineError(InferenceFailedError):
    """One engine could not accept or finish the call; another one may."""


class ResponseCutError(EngineError):
    """The connection to the engine broke within a response that the caller gets whole or not at all."""

    status = 502
    default = "The engine ended its response early. Nothing was charged; please try again."


class EngineRefusedError(EngineError):
    """The engine rejects our credentials, which the operator must fix."""

    status = 502
    default = "The model's engine refused this server's key. The operator must check it."


class EngineUnavailableError(EngineError):
    """The engine is down, starting or full."""

    status = 503
    code = "MODEL_AT_CAPACITY"
    default = "The model is at capacity. Please try again later."


class EngineBusyError(EngineUnavailableError):
    """The engine has no free capacity; the failure throttle does not count it."""


_DOWNLOAD_RETRY_S = 30


class ModelNotInstalledError(EngineUnavailableError):
    """The model is in the catalogue, but its files are not installed."""

    code = "MODEL_NOT_INSTALLED"

    def __init__(self, model: str, source: str | None = None, *, downloading: bool = False) -> None:
        """Name the model and the command that installs it.

        Args:
            model: its id.
            source: the argument of `fondaco models pull`; None: the model's id.
            downloading: whether the server is downloading it.
        """
        self.is_downloading = downloading
        advice = (
            "Its file is being downloaded. Try again later."
            if downloading
            else f"Install it with: fondaco models pull {source or model}"
        )
        super().__init__(
            f"The model {model!r} is not installed here. {advice}",
            retry_after_s=_DOWNLOAD_RETRY_S if downloading else None,
        )


class EngineTimeoutError(EngineError):
    """The engine did not answer in time."""

    status = 504
    code = "INFERENCE_TIMEOUT"
    default = "The request took too long to complete and was timed-out."
    advice: ClassVar[str] = (
        "For long-running inference requests, use the streaming API by setting stream=true in your "
        "request."
    )
    """Advice for callers of non-streaming requests."""


class UpscaleFailedError(FondacoError):
    """An image could not be upscaled."""

    code = "UPSCALE_FAILED"
    default = "Image upscaling failed. Nothing was charged; try again, or with another image."


class UnknownError(FondacoError):
    """A bug in the server."""


class ShuttingDownError(FondacoError):
    """The server is draining."""

    status = 503
    code = "SHUTTING_DOWN"
    default = "The server is shutting down. Please try again."


class TooManyConnectionsError(FondacoError):
    """The server, or one client address, has reached its limit of connections."""

    status = 503
    code = "TOO_MANY_CONNECTIONS"
    default = "Too many connections are open. Close idle ones, or try again in a moment."


class ChainUnavailableError(FondacoError):
    """The chain's node does not answer, or its response is invalid."""

    status = 503
    code = "CHAIN_UNAVAILABLE"
    default = "The wallet's stake cannot be read now. Please try again later."


class WalletKeysNotInstalledError(FondacoError):
    """The libraries that verify wallets' signatures are not installed."""

    status = 503
    code = "WALLET_KEYS_NOT_INSTALLED"
    default = f"Wallet keys need additional libraries. {how_to_install('web3')}"


class WebNotInstalledError(FondacoError):
    """The libraries that parse web pages are not installed."""

    status = 503
    code = "WEB_NOT_INSTALLED"
    default = f"Reading web pages needs additional libraries. {how_to_install('web')}"


class StorageFailedError(FondacoError):
    """The ledger cannot be written, so nothing may be sold."""

    status = 507
    code = "STORAGE_FAILED"
    default = "The ledger cannot be written. No charge was made; please try again later."


class AlreadyEnteredError(StorageFailedError):
    """The ledger has an entry of this call, sku and currency: nothing is charged twice."""

    default = "This call is already in the ledger. It was not charged again."


class WriteQuarantinedError(StorageFailedError):
    """A write that can never succeed was moved to the quarantine; other calls are not affected."""

    default = "The charge of this request cannot be written to the ledger. Nothing was charged."
