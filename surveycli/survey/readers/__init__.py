"""Readers: one module per kind of survey file, each told by its layout."""
