-- Purpose: record how a run stands, unless it has come to its end: that stays, whatever is tried again.
-- Parameters: $run_id, $status, $reason (NULL unless it failed), $now, $ended (true: $now is when it ended).
-- Writes: run.
-- Example: $run_id = 'mine', $status = 'interrupted', $reason = NULL, $now = TIMESTAMP '2026-01-01', $ended = true
UPDATE run
SET status = $status, reason = $reason, finished_at = CASE WHEN $ended THEN $now END
WHERE run_id = $run_id AND status <> 'finished';
