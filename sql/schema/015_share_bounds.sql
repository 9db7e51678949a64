-- Within what bounds a predicted share lies where a server reported only the most probable tokens.

ALTER TABLE prediction ADD COLUMN probability_least DOUBLE;
ALTER TABLE prediction ADD COLUMN probability_most DOUBLE;
COMMENT ON COLUMN prediction.probability_least IS 'The least that the share may be, given which tokens a server reported; NULL where all of a model''s probabilities were seen, or none was asked.';
COMMENT ON COLUMN prediction.probability_most IS 'The most that the share may be; NULL as probability_least is.';
