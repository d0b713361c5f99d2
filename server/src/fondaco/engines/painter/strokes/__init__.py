"""Finishes: a scene repainted in strokes, dots, facets, tiles or lines."""
