-- Purpose: take back the split of a simulation that failed.
-- Parameters: $split. Writes: split_cell, split.
-- Example: $split = 'simulated-1'
DELETE FROM split_cell WHERE split = $split;
DELETE FROM split WHERE split = $split;
