"""The configuration: four sources brought together; the catalogue, tiers and characters that come of it."""

from fondaco.configuration.catalogues import catalogue_of, missing_files, models_of
from fondaco.configuration.characters import built_in_characters, read_character
from fondaco.configuration.contradictions import EMBEDDED
from fondaco.configuration.loading import Configuration, load
from fondaco.configuration.secrets import faults as missing_secrets
from fondaco.configuration.tiers import tiers_of
from fondaco.settings import ConfigurationError

__all__ = [
    "EMBEDDED",
    "Configuration",
    "ConfigurationError",
    "built_in_characters",
    "catalogue_of",
    "load",
    "missing_files",
    "missing_secrets",
    "models_of",
    "read_character",
    "tiers_of",
]
