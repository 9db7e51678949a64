"""Predictions from what other people answered: other populations to the same item, other groups of the country."""
