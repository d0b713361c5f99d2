"""Shared by engines of images elsewhere: pictures as files, turns, refusals."""
