"""Error output: what an error of a command prints, and its exit code."""

from fondaco.cli.exits import Exit, FailedError
from fondaco.domain.chat.character import CharacterFileError
from fondaco.domain.errors import FondacoError
from fondaco.environment import ConfigurationError
from fondaco.modelfiles.errors import ModelFileError, NoSuchModelFileError
from fondaco.stores.errors import (
    HomeInUseError,
    HomeUnusableError,
    PepperLostError,
    StoreError,
    UnknownNameError,
)


def failure(error: Exception) -> tuple[Exit, tuple[str, ...]]:
    """Return the exit code and the lines to print; a defect of ours is raised again."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        (error,) = error.exceptions
    match error:
        case FailedError():
            return error.exit_code, (str(error),)
        case ConfigurationError() | CharacterFileError():
            return Exit.CONFIGURATION, error.faults
        case HomeInUseError() | HomeUnusableError() | PepperLostError():
            return Exit.HOME, (str(error),)
        case UnknownNameError() | NoSuchModelFileError():
            return Exit.UNKNOWN, (str(error),)
        case ModelFileError():
            return Exit.UNREACHABLE, (str(error),)
        case StoreError() | FondacoError():
            return Exit.FAILED, (str(error),)
    raise error
