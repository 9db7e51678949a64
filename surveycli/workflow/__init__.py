"""Whole studies in one file: each step is a call of the Python interface, and is skipped where nothing changed."""
