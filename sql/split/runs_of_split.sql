-- Purpose: the runs that used a split, whose scores by part a replacement would change.
-- Grain: one row per run. Parameters: $split. Reads: run.
-- Example: $split = 'unseen-questions'
SELECT run_id FROM run WHERE split = $split ORDER BY started_at, run_id;
