"""Servers of strangers: asked within bounds of time and size, and never believed or quoted unchecked."""
