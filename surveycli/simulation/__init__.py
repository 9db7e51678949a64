"""Asks populations questions that nobody has asked them: a survey of its own, without human answers."""
