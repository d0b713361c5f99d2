"""Scenes: skies, land, water, forests, cities, tables, and the effects of weather on them."""
