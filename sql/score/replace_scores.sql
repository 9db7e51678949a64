-- Purpose: put a run's scores in place of those it had.
-- Grain: one row per item, population and language. Parameters: $run_id. Frame: incoming (the columns of score).
-- Writes: score.
-- Example: $run_id = 'item-mean-1'
-- Example: incoming AS SELECT * EXCLUDE (run_id) FROM score WHERE run_id = 'uniform-1'
DELETE FROM score WHERE run_id = $run_id;
INSERT INTO score BY NAME
SELECT $run_id AS run_id, * FROM incoming;
