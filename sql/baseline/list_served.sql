-- Purpose: which predictor served which kind of cell in a run of `best`, and how it was measured beside the others.
-- Grain: one row per kind of cell and predictor measured there, the best first; none for runs of other predictors.
-- Parameters: $run_id. Reads: run.
-- Example: $run_id = 'item-mean-1'
WITH served AS (
    SELECT unnest(json_extract(configuration, '$.chosen_on_train.served[*]')) AS row
    FROM run
    WHERE run_id = $run_id
)
SELECT
    row ->> 'kind' AS kind_of_cell,
    (row ->> 'n_cells')::BIGINT AS n_cells,
    key AS predictor,
    value::DOUBLE AS held_out_score,
    CASE WHEN key = (row ->> 'served_by') THEN 'served' ELSE '' END AS use
FROM served, json_each(row -> 'scores')
ORDER BY kind_of_cell, use DESC, held_out_score DESC;
