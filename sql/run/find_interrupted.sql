-- Purpose: the run that began with this configuration and did not finish, so that asking again goes on with it.
-- Grain: one row, none where there is no such run. Parameters: $kind, $configuration (JSON with sorted keys), $run_id
-- (NULL for any). Reads: run.
-- Example: $configuration = '{}', $kind = 'predictor', $run_id = NULL
SELECT run_id
FROM run
WHERE kind = $kind
    AND status != 'finished'
    AND configuration::VARCHAR = $configuration
    AND ($run_id IS NULL OR run_id = $run_id)
ORDER BY started_at DESC, run_id DESC
LIMIT 1;
