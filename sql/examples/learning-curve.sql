-- Purpose: the losses of every fine-tuning by epoch.
-- Grain: one row per run, epoch and metric; none where nothing was trained. Reads: training_metric.
SELECT run_id, epoch, metric, avg(value) AS mean_value, count(*) AS n_steps
FROM training_metric
GROUP BY ALL
ORDER BY run_id, metric, epoch;
