"""Subjects of a picture: drawings as data, drawings as code, and where they stand."""
