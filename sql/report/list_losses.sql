-- Purpose: the learning curves of a report's runs.
-- Grain: one row per run, epoch and metric (train_loss, validation_loss): the last measurement of the epoch.
-- Parameters: $run_ids (list). Reads: training_metric.
-- Example: $run_ids = ['item-mean-1', 'uniform-1']
SELECT run_id, epoch, metric, arg_max(value, step) AS value
FROM training_metric
WHERE list_contains($run_ids, run_id)
    AND metric IN ('train_loss', 'validation_loss')
GROUP BY run_id, epoch, metric
ORDER BY list_position($run_ids, run_id), metric, epoch;
