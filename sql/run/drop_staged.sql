-- Purpose: drop what was staged, once it is in the store or nothing of it is.
-- Writes: the temporary tables staged_prediction, staged_failure and staged_cell.
DROP TABLE IF EXISTS staged_prediction;
DROP TABLE IF EXISTS staged_failure;
DROP TABLE IF EXISTS staged_cell;
DROP TABLE IF EXISTS changed_cell;
