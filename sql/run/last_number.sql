-- Purpose: the highest number among runs named <stem>-<number>.
-- Grain: one row, NULL where there is none. Parameters: $stem. Reads: run.
-- Example: $stem = 'item-mean'
SELECT max(try_cast(substr(run_id, length($stem) + 2) AS INTEGER)) AS last_number
FROM run
WHERE starts_with(run_id, $stem || '-');
