-- Effective numbers by the design of the sample, where a file tells it.

ALTER TABLE cell ADD COLUMN n_effective_unweighted DOUBLE;
COMMENT ON TABLE cell IS 'One row per survey, item and population that has a response distribution: valid answers, and their effective number.';
COMMENT ON COLUMN cell.n_effective IS 'Respondents of a simple random sample that would be as precise as the weighted shares: by strata, sampling units or replicate weights where the file has them, else (sum w)^2 / sum(w^2), Kish 1965; at most n_respondents. NULL where respondents'' weights are not known.';
COMMENT ON COLUMN cell.n_effective_unweighted IS 'The same for the unweighted shares, by strata and sampling units; NULL where these are not known: then n_respondents.';
