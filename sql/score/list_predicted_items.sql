-- Purpose: how much a run predicted of each item.
-- Grain: one row per item id, in the order of their letters; the same id in several surveys counts as one.
-- Parameters: $run_id. Reads: prediction.
-- Example: $run_id = 'item-mean-1'
SELECT item_id, count(*) AS n_rows
FROM prediction
WHERE run_id = $run_id
GROUP BY item_id
ORDER BY item_id;
