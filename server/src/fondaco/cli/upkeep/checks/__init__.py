"""Checks of `fondaco doctor`, a file for each thing that is looked at; none changes anything."""
