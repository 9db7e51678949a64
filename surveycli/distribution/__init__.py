"""Response distributions as aligned arrays: distances, averages, and what a few respondents would tell. Pure."""
