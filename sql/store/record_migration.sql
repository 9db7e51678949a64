-- Purpose: note that a schema step was applied, with the hash of its text.
-- Parameters: $number, $name, $sha256, $applied_at. Writes: schema_migration.
-- Example: $applied_at = TIMESTAMP '2026-01-01', $name = 'mine', $number = 99, $sha256 = 'abc'
INSERT INTO schema_migration VALUES ($number, $name, $sha256, $applied_at);
