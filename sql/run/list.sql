-- Purpose: the runs of the store with what tells them apart.
-- Grain: one row per run, the latest last. Parameters: $split (NULL for all).
-- Reads: run, training_metric, prediction_part.
-- best_validation_loss is NULL for runs that train nothing. predictions names the parts that were asked for, by split.
-- Example: $split = 'unseen-questions'
WITH trained AS (
    SELECT run_id, min(value) AS best_validation_loss
    FROM training_metric
    WHERE metric IN ('validation_loss', 'validation_loss_nats')
    GROUP BY run_id
),
by_split AS (
    SELECT run_id, split, string_agg(part, ', ' ORDER BY part) AS parts
    FROM prediction_part
    GROUP BY run_id, split
),
predicted AS (
    SELECT run_id, string_agg(split || ': ' || parts, '; ' ORDER BY split) AS predictions
    FROM by_split
    GROUP BY run_id
)
SELECT
    r.run_id,
    r.status,
    r.predictor,
    r.split,
    r.model,
    t.best_validation_loss,
    p.predictions,
    r.started_at,
    date_diff('second', r.started_at, r.finished_at) AS duration_s,
    r.reason,
    r.kind,
    r.folder
FROM run AS r
LEFT JOIN trained AS t USING (run_id)
LEFT JOIN predicted AS p USING (run_id)
WHERE ($split IS NULL OR r.split = $split)
ORDER BY r.started_at, r.run_id;
