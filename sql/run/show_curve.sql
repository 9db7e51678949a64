-- Purpose: how a training went.
-- Grain: one row per epoch and step that something was measured at. Parameters: $run_id. Reads: training_metric.
-- Example: $run_id = 'finetune-1'
SELECT
    epoch,
    step,
    any_value(value) FILTER (metric = 'train_loss') AS train_loss,
    any_value(value) FILTER (metric IN ('validation_loss', 'validation_loss_nats')) AS validation_loss,
    any_value(value) FILTER (metric = 'validation_loss_known_items') AS known_items,
    any_value(value) FILTER (metric = 'validation_loss_new_items') AS new_items,
    any_value(value) FILTER (metric = 'learning_rate') AS learning_rate
FROM training_metric
WHERE run_id = $run_id
GROUP BY epoch, step
ORDER BY step, epoch;
