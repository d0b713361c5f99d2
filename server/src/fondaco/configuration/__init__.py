"""The configuration: four sources brought together, and the catalogue and tiers that come of it."""

from fondaco.configuration.catalogues import catalogue_of, missing_files, models_of
from fondaco.configuration.contradictions import EMBEDDED
from fondaco.configuration.loading import Configuration, load
from fondaco.configuration.tiers import tiers_of
from fondaco.settings import ConfigurationError

__all__ = [
    "EMBEDDED",
    "Configuration",
    "ConfigurationError",
    "catalogue_of",
    "load",
    "missing_files",
    "models_of",
    "tiers_of",
]
