-- Purpose: how a run stands, and how many parts of splits it was asked to predict, of these not to their end.
-- Grain: one row, none where there is no such run. Parameters: $run_id. Reads: run, prediction_part.
-- Example: $run_id = 'item-mean-1'
SELECT
    r.kind,
    r.status,
    count(p.part) AS n_parts,
    count(p.part) FILTER (p.status <> 'finished') AS n_open
FROM run AS r
LEFT JOIN prediction_part AS p USING (run_id)
WHERE r.run_id = $run_id
GROUP BY r.kind, r.status;
