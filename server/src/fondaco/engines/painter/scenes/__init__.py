"""Scenes: skies, land, water, forests, cities, tables, and what weather does to them."""
