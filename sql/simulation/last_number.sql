-- Purpose: the highest number of simulations so far, by the surveys, splits and runs that they were.
-- Grain: one row. Parameters: none. Reads: survey, split, run.
SELECT max(regexp_extract(name, '^simulated-(\d+)', 1)::INTEGER) AS number
FROM (
    SELECT survey_id AS name FROM survey
    UNION ALL
    SELECT split FROM split
    UNION ALL
    SELECT run_id FROM run
)
WHERE regexp_matches(name, '^simulated-\d+');
