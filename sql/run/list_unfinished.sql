-- Purpose: the runs of a model without a training that began and did not finish, so that asking the same goes on.
-- Grain: one row per run, the latest first. Reads: run.
SELECT run_id, kind, folder, configuration::VARCHAR AS configuration
FROM run
WHERE kind = 'predictor'
    AND status <> 'finished'
    AND json_exists(configuration, 'elicitation')
ORDER BY started_at DESC, run_id DESC;
