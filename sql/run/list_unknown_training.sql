-- Purpose: the runs of which it is not known what they have learnt from, with where that may still be found.
-- Grain: one row per run. Reads: unknown_training, run.
SELECT r.run_id, r.kind, r.folder, r.configuration ->> 'trained_by' AS trained_by
FROM run AS r
SEMI JOIN unknown_training USING (run_id)
ORDER BY r.started_at, r.run_id;
