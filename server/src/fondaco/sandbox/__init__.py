"""Sandboxed child processes that compile callers' schemas, grammars and templates."""
