"""The statistical predictors: each module lists its rows as `PREDICTORS`, with the functions that they are."""
