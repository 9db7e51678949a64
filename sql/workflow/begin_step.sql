-- Purpose: remember that a step of a workflow was begun.
-- Parameters: $kind, $name, $fingerprint, $begun_at. Writes: workflow_step.
-- Example: $kind = 'split', $name = 'paper', $fingerprint = 'abc', $begun_at = TIMESTAMP '2026-01-01'
INSERT OR REPLACE INTO workflow_step (kind, name, fingerprint, begun_at, finished_at, result_sha256)
VALUES ($kind, $name, $fingerprint, $begun_at, NULL, NULL);
