"""Predictors without a language model: what any model has to beat. They learn from the training part alone.

`predictors/` has a module for each kind and is their registry; `run_baseline` runs one on a store.
"""
