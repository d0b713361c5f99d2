"""Looks at a running server: the engines that are loaded, and the state of the whole."""
