-- Purpose: the splits and runs of the store, which a workflow may name beside its own.
-- Grain: one row per split and per run. Reads: split, run.
SELECT 'split' AS what, split AS name FROM split
UNION ALL
SELECT 'run', run_id FROM run
ORDER BY what, name;
