-- Purpose: how long runs took, and what they were made with.
-- Grain: one row per run. Reads: run.
SELECT run_id, predictor, split, model, status, finished_at - started_at AS duration, seed
FROM run
ORDER BY started_at DESC, run_id;
