"""Asks populations new questions: they become a survey of their own, without human answers."""
