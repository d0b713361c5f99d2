"""Connections of commands to a server: which one, its API, and its refusals as errors of commands."""
