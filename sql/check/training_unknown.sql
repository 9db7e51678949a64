-- Purpose: of every run that has learnt from cells it is known which; otherwise cells that it has seen could count as test.
-- (Delete such a run, `surveycli runs delete RUN`, or train it anew.)
-- Grain: one row per run of which it is not known. Reads: unknown_training, run.
SELECT r.run_id, r.kind, r.predictor, r.split, r.status
FROM run AS r
SEMI JOIN unknown_training USING (run_id)
ORDER BY r.run_id;
