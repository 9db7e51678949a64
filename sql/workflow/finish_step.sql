-- Purpose: remember that a step of a workflow came to its end.
-- Parameters: $kind, $name, $fingerprint, $now, $result_sha256 (NULL where it wrote no file). Writes: workflow_step.
-- Example: $kind = 'split', $name = 'paper', $fingerprint = 'abc', $now = TIMESTAMP '2026-01-01', $result_sha256 = NULL
INSERT OR REPLACE INTO workflow_step (kind, name, fingerprint, begun_at, finished_at, result_sha256)
VALUES ($kind, $name, $fingerprint, $now, $now, $result_sha256);
