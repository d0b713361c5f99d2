"""The parts of the API, one file each; `venice_ai.resources._resource` says how one is written."""
