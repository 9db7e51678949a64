-- Purpose: why cells have no prediction.
-- Grain: one row per run, language and reason; none where every cell has one. Reads: prediction_failure.
SELECT run_id, language, reason, count(*) AS n_cells, min(item_id || ' ' || population_id) AS for_instance
FROM prediction_failure
GROUP BY ALL
ORDER BY n_cells DESC, run_id, language, reason;
