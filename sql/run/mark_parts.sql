-- Purpose: record how the prediction of some parts of a split stands.
-- Parameters: $run_id, $split, $parts (list), $status, $reason (NULL unless it failed), $now, $ended (true: $now is when
-- it ended; false: when it began). Writes: prediction_part.
-- Example: $ended = true, $now = TIMESTAMP '2026-01-01', $parts = ['validation', 'test'], $reason = NULL, $run_id =
--          'item-mean-1', $split = 'unseen-questions', $status = 'finished'
INSERT INTO prediction_part BY NAME
SELECT
    $run_id AS run_id,
    $split AS split,
    unnest($parts::VARCHAR[]) AS part,
    $status AS status,
    $reason AS reason,
    $now AS started_at,
    CASE WHEN $ended THEN $now END AS finished_at
ON CONFLICT DO UPDATE SET
    status = excluded.status,
    reason = excluded.reason,
    started_at = CASE WHEN $ended THEN prediction_part.started_at ELSE excluded.started_at END,
    finished_at = excluded.finished_at;
