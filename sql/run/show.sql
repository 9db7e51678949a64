-- Purpose: all that is recorded of a run.
-- Grain: one row, none where there is no such run. Parameters: $run_id.
-- Reads: run, training_metric, prediction_cell, score.
-- Example: $run_id = 'item-mean-1'
SELECT
    r.run_id,
    r.status,
    r.reason,
    r.kind,
    r.predictor,
    r.split,
    r.model,
    r.model_fingerprint,
    r.shares,
    r.seed,
    r.folder,
    r.started_at,
    r.finished_at,
    date_diff('second', r.started_at, r.finished_at) AS duration_s,
    (
        SELECT min(value) FROM training_metric AS t WHERE t.run_id = r.run_id AND metric IN ('validation_loss', 'validation_loss_nats')
    ) AS best_validation_loss,
    (SELECT count(*) FROM prediction_cell AS p WHERE p.run_id = r.run_id) AS n_predicted,
    (SELECT count(*) FROM score AS s WHERE s.run_id = r.run_id) AS n_scored,
    r.configuration,
    r.versions
FROM run AS r
WHERE r.run_id = $run_id;
