-- Purpose: is there a split of this name?
-- Grain: one row. Parameters: $split. Reads: split.
-- Example: $split = 'unseen-questions'
SELECT count(*) > 0 AS is_there FROM split WHERE split = $split;
