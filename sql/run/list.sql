-- Purpose: the runs of the store with what tells them apart.
-- Grain: one row per run, the latest last. Parameters: $status, $split (NULL for all).
-- Reads: run, training_metric.
-- best_validation_loss is NULL for runs that train nothing.
-- Example: $split = 'unseen-questions', $status = NULL
WITH trained AS (
    SELECT run_id, min(value) AS best_validation_loss
    FROM training_metric
    WHERE metric IN ('validation_loss', 'validation_loss_nats')
    GROUP BY run_id
)
SELECT
    r.run_id,
    r.status,
    r.predictor,
    r.split,
    r.model,
    t.best_validation_loss,
    r.started_at,
    date_diff('second', r.started_at, r.finished_at) AS duration_s,
    r.reason
FROM run AS r
LEFT JOIN trained AS t USING (run_id)
WHERE ($status IS NULL OR r.status = $status)
    AND ($split IS NULL OR r.split = $split)
ORDER BY r.started_at, r.run_id;
