-- Purpose: keep the hash of a run's predictions.
-- Parameters: $run_id, $sha256, $n_cells, $n_answered, $locked_at. Writes: prediction_lock.
-- Example: $run_id = 'mine-1', $sha256 = 'abc', $n_cells = 10, $n_answered = 0, $locked_at = TIMESTAMP '2026-01-01'
INSERT INTO prediction_lock (run_id, sha256, n_cells, n_answered, locked_at)
VALUES ($run_id, $sha256, $n_cells, $n_answered, $locked_at);
