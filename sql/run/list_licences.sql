-- Purpose: under what terms the surveys of the store may be used.
-- Grain: one row per survey. Parameters: none. Reads: survey.
SELECT survey_id, licence FROM survey ORDER BY survey_id;
