"""`fondaco models`: the catalogue, model files, and the operator's own models."""

from fondaco.cli.models.commands import group

__all__ = ["group"]
