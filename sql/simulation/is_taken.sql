-- Purpose: whether a name is that of a survey, a split or a run.
-- Grain: one row. Parameters: $name. Reads: survey, split, run.
-- Example: $name = 'simulated-1'
SELECT
    EXISTS (FROM survey WHERE survey_id = $name)
    OR EXISTS (FROM split WHERE split = $name)
    OR EXISTS (FROM run WHERE run_id = $name) AS is_taken;
