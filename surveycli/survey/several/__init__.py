"""A survey in several files: which they are, and how they become one table."""
