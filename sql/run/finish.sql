-- Purpose: record how a run ended.
-- Parameters: $run_id, $status, $reason, $model_fingerprint (NULL keeps what is known), $finished_at. Writes: run.
-- Example: $finished_at = TIMESTAMP '2026-01-01', $model_fingerprint = NULL, $reason = NULL, $run_id = 'item-mean-1',
--          $status = 'finished'
UPDATE run
SET
    status = $status,
    reason = $reason,
    model_fingerprint = coalesce($model_fingerprint, model_fingerprint),
    finished_at = $finished_at
WHERE run_id = $run_id;
