-- Purpose: how often the parts of a split have been scored, by whatever runs.
-- Grain: one row per part that was ever scored. Parameters: $split. Reads: scoring.
-- Example: $split = 'paper'
SELECT part, count(*) AS n_scorings, count(DISTINCT run_id) AS n_runs
FROM scoring
WHERE split = $split
GROUP BY part
ORDER BY part;
