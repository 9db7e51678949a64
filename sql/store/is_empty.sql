-- Purpose: has nothing been put into this store yet, neither a survey nor anything that stands without one?
-- Grain: one row. Reads: survey, split, run, prompt_frame.
SELECT
    NOT EXISTS (SELECT 1 FROM survey)
    AND NOT EXISTS (SELECT 1 FROM split)
    AND NOT EXISTS (SELECT 1 FROM run)
    AND NOT EXISTS (SELECT 1 FROM prompt_frame) AS is_empty;
