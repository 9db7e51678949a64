-- Purpose: the folders of runs, to be held against what lies on the disk.
-- Grain: one row per run. Reads: run, prediction_cell.
SELECT r.run_id, r.kind, r.status, r.folder, count(p.run_id) AS n_predicted
FROM run AS r
LEFT JOIN prediction_cell AS p USING (run_id)
GROUP BY r.run_id, r.kind, r.status, r.folder
ORDER BY r.run_id;
