"""Errors that end an edit in the child, beside faults."""


class UnsuitedError(Exception):
    """The instruction is understood, and cannot be carried out on this picture; the text says why."""


class FileMissingError(Exception):
    """A model file that the instruction needs is not in the models folder; the text names it."""
