"""Populations: how respondents are grouped, and how a group is written in each language."""
