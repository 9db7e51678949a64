"""The ways to ask a model for a distribution: each module lists its rows as `PREDICTORS`, with what they change."""
